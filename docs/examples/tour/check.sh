#!/bin/sh
# SPDX-License-Identifier: MIT
# check.sh TOUR: as root, every stop shows what its program does, or that this kernel is too old for it, and nothing is
# left, also where the tour is interrupted; without root, the tour says at every stop why not.
set -u
# shellcheck source=docs/examples/checks.sh
. "$(dirname "$0")/../checks.sh"
made() { find /sys/fs/cgroup -maxdepth 3 -name 'bpflink-tour-*' 2>/dev/null; }
run_example "$1"
[ "$(id -u)" -eq 0 ] || echo "$output" | grep -q 'CAP_[A-Z_]* \(is\|are\) missing' || exit 1
without_root '^0 of 10 stops shown$'
[ "$status" -eq 0 ] || exit "$status"
# The youngest of its hooks, probes of many functions, came with Linux 6.6.
if printf '6.6\n%s\n' "$(uname -r)" | sort -V -C; then
  echo "$output" | grep -q '^10 of 10 stops shown$' || exit 1
fi

# Interrupted once it has made something; it may be through before it is.
tries=0
until [ "$status" -eq 130 ]; do
  tries=$((tries + 1))
  [ "$tries" -le 50 ] || { echo 'it was not interrupted'; exit 1; }
  "$1" >/dev/null &
  tour=$!
  until [ -n "$(made)" ] || ! kill -0 "$tour" 2>/dev/null; do :; done
  kill -INT "$tour" 2>/dev/null
  wait "$tour"
  status=$?
done
left=$(made)
[ -z "$left" ] || { echo "left behind: $left"; exit 1; }
