#!/bin/sh
# SPDX-License-Identifier: MIT
# suite.sh CACHE KERNEL PROGRAM: the kernel suite under another kernel. Cases that this kernel is too old for say so and are
# skipped there; each ran under a newer kernel, so they do not make the whole a skip. Without QEMU or the kernel it is one.
set -u
directory=$(dirname "$0")
export KERNELS="${KERNELS:-$1}"
shift
# A guest is emulated.
export BPFLINK_SLOW=1 GUEST_ENV=BPFLINK_SLOW
log=$(mktemp)
trap 'rm -f "$log"' EXIT
# Skips are counted below: there it is the kernel's age that decides.
BPFLINK_REQUIRE_KERNEL='' "$directory/in-kernel" "$@" >"$log" 2>&1
status=$?
cat "$log"
counted=$(sed -n 's/\r$//; /^[0-9]* passed, [0-9]* failed, [0-9]* skipped$/p' "$log" | tail -n 1)
case $status in
  0) exit 0 ;;
  77) [ -n "$counted" ] || exit 77 ;;
  *) exit 1 ;;
esac
# A skip for any other reason than the kernel's age is a failure.
others=$(grep -a '^skipped: ' "$log" | grep -av ': needs Linux [0-9.]* for ' || true)
[ -z "$others" ] && exit 0
echo "skipped for another reason than the kernel's version:"
echo "$others"
exit 1
