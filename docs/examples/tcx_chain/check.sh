#!/bin/sh
# SPDX-License-Identifier: MIT
# check.sh TCX_CHAIN: as root, the order is kept, and an interrupted run leaves no process; without root, or on a kernel
# without tcx links, it says so.
set -u
# shellcheck source=docs/examples/checks.sh
. "$(dirname "$0")/../checks.sh"
run_example "$1"
without_root 'for that root'
if echo "$output" | grep -q 'which came with Linux 6.6'; then exit 77; fi
[ "$status" -eq 0 ] || exit "$status"

"$1" >/dev/null 2>&1 &
process=$!
kill -TERM "$process"
wait "$process"
left=$(children_of "$process")
[ -z "$left" ] || { echo "left behind: process $left"; exit 1; }
