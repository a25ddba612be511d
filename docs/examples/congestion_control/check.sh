#!/bin/sh
# SPDX-License-Identifier: MIT
# check.sh EXAMPLE: as root, the congestion control is chosen while it is attached and only then, and nothing is left of
# it, also where the example is interrupted; without root, the example says what is missing.
set -u
# shellcheck source=docs/examples/checks.sh
. "$(dirname "$0")/../checks.sh"
run_example "$1"
without_root 'this needs root$'
[ "$status" -eq 0 ] || exit "$status"

"$1" >/dev/null &
example=$!
kill -INT "$example" 2>/dev/null
wait "$example"
! grep -w "bpflink$example" /proc/sys/net/ipv4/tcp_available_congestion_control
