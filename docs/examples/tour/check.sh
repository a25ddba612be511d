#!/bin/sh
# SPDX-License-Identifier: MIT
# check.sh TOUR: as root, every stop is shown, and nothing is left; without root, the tour says at every stop why not.
set -u
# shellcheck source=docs/examples/checks.sh
. "$(dirname "$0")/../checks.sh"
run_example "$1"
left=$(find /sys/fs/cgroup -maxdepth 3 -name 'bpflink-tour-*' 2>/dev/null)
[ -z "$left" ] || { echo "left behind: $left"; exit 1; }
without_root '^0 of 10 stops shown$'
exit "$status"
