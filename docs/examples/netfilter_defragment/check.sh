#!/bin/sh
# SPDX-License-Identifier: MIT
# check.sh EXAMPLE: as root, the program sees three packets without defragmentation and one with; without root, and
# before Linux 6.6, the example says why not.
set -u
# shellcheck source=docs/examples/checks.sh
. "$(dirname "$0")/../checks.sh"
run_example "$1"
without_root '^a network namespace: '
if [ "$status" -ne 0 ]; then
  echo "$output" | grep -Eq 'came with Linux 6\.[46]'
  exit
fi
echo "$output" | grep -Eq '^no +3 +3 +[0-9]+ +4000$' && echo "$output" | grep -Eq '^yes +3 +1 +4028 +4000$'
