#!/bin/sh
# SPDX-License-Identifier: MIT
# check.sh EXAMPLE: as root, the congestion control is chosen while it is attached and only then, and nothing is left of
# it, also where the example is interrupted; without root, the example says what is missing.
set -u
output=$("$1")
status=$?
echo "$output"
if [ "$(id -u)" -ne 0 ]; then
  echo "$output" | grep -q 'this needs root$' && [ "$status" -eq 1 ]
  exit
fi
[ "$status" -eq 0 ] || exit "$status"

"$1" >/dev/null &
example=$!
kill -INT "$example" 2>/dev/null
wait "$example"
! grep -w "bpflink$example" /proc/sys/net/ipv4/tcp_available_congestion_control
