#!/bin/sh
# SPDX-License-Identifier: MIT
# check.sh PROXY: as root, all bytes go through, and the spliced proxy reads none of them; interrupted, it leaves no process
# behind; without root, it says why not.
set -u
# shellcheck source=docs/examples/checks.sh
. "$(dirname "$0")/../checks.sh"
run_example "$1"
without_root '^cannot '
[ "$status" -eq 0 ] || exit 1
echo "$output" | grep -q '^spliced by the kernel  *[a-z_]*  *1048576  *1048576  *0  *0 ' || exit 1
echo "$output" | grep -q '^copied by the proxy  *-  *1048576  *1048576  *[1-9]' || exit 1

# Interrupted in the middle: it waits for more rounds than it ever makes.
"$1" 1000000 >/dev/null 2>&1 &
proxy=$!
while [ -z "$(children_of "$proxy")" ]; do
  kill -0 "$proxy" 2>/dev/null || exit 1
done
child=$(children_of "$proxy" | head -n 1)
kill -TERM "$proxy"
wait "$proxy"
[ $? -eq 130 ] || { echo 'it did not say that it was interrupted'; exit 1; }
! kill -0 "$child" 2>/dev/null || { echo 'the proxy process is left behind'; exit 1; }
