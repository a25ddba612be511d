#!/bin/sh
# SPDX-License-Identifier: MIT
# reference.sh DOXYGEN SOURCES BUILD: the API reference, in BUILD/reference.
set -eu
cd "$2"
{
  cat docs/Doxyfile
  echo "OUTPUT_DIRECTORY = \"$3/reference\""
} | "$1" -
echo "$3/reference/html/index.html"
