# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# What the examples' check scripts share. They are docs/examples/NAME/check.sh.

# run_example PROGRAM: its output, both streams, and its status are in $output and $status then.
run_example() {
  output=$("$1" 2>&1)
  status=$?
  echo "$output"
}

# without_root WORDS: ends the check where it is not root's: the example must have failed with these words.
without_root() {
  [ "$(id -u)" -ne 0 ] || return 0
  echo "$output" | grep -q "$1" && [ "$status" -eq 1 ]
  exit
}

# children_of PID: the numbers of its child processes, a line each. A small system has no pgrep.
children_of() {
  grep -lx "PPid:	$1" /proc/[0-9]*/status 2>/dev/null | cut -d / -f 3
}
