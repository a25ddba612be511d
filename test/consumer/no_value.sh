#!/bin/bash
# SPDX-License-Identifier: MIT
# no_value.sh LIBRARY
#
# The library nowhere calls value() of an expected: that function's body depends on -fno-exceptions and its name does
# not, so that the library's copy could take the place of its user's.
set -euo pipefail

command -v nm >/dev/null || { echo "skipped: 'nm' is not installed" && exit 77; }
symbols=$(nm -C --defined-only "$1")
[[ -n $symbols ]] || { echo "FAILED: $1 defines nothing" && exit 1; }
if grep -E 'tl::detail::throw_exception|tl::bad_expected_access|tl::expected<.*>::value\(' <<<"$symbols"; then
  echo "FAILED: $1 calls value()"
  exit 1
fi
echo "proved: ${1##*/} has no copy of value() or of what it throws"
