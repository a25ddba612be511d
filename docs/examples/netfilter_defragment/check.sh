#!/bin/sh
# SPDX-License-Identifier: MIT
# check.sh EXAMPLE: as root, the program sees three packets without defragmentation and one with; without root, and
# before Linux 6.6, the example says why not.
set -u
output=$("$1" 2>&1)
status=$?
echo "$output"
if [ "$(id -u)" -ne 0 ]; then
  echo "$output" | grep -q '^a network namespace: ' && [ "$status" -eq 1 ]
  exit
fi
if [ "$status" -ne 0 ]; then
  echo "$output" | grep -Eq 'came with Linux 6\.[46]'
  exit
fi
echo "$output" | grep -Eq '^no +3 +3 +[0-9]+ +4000$' && echo "$output" | grep -Eq '^yes +3 +1 +4028 +4000$'
