#!/bin/sh
# SPDX-License-Identifier: MIT
# check.sh TOUR: as root, every stop is shown, and nothing is left; without root, the tour says at every stop why not.
set -u
output=$("$1")
status=$?
echo "$output"
left=$(find /sys/fs/cgroup -maxdepth 3 -name 'bpflink-tour-*' 2>/dev/null)
[ -z "$left" ] || { echo "left behind: $left"; exit 1; }
if [ "$(id -u)" -eq 0 ]; then exit "$status"; fi
# Something of each stop's failure is a sentence with the failed call in brackets, or the reason why no call was made.
echo "$output" | grep -q '^0 of 10 stops shown$' || exit 1
[ "$status" -eq 1 ]
