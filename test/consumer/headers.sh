#!/bin/bash
# SPDX-License-Identifier: MIT
# headers.sh INCLUDE_DIRECTORY GENERATED_DIRECTORY CXX... -- HEADER...
#
# Each public header compiles alone and twice over, with and without exceptions and RTTI, without a warning; and the
# list of those that are installed is what the directory holds.
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

include=$(realpath "$1")
generated=$(realpath "$2")
shift 2
compilers=()
while [[ $1 != -- ]]; do
  ! command -v "${1##* }" >/dev/null || compilers+=("$(cached "$1")")
  shift
done
shift
[[ ${#compilers[@]} -gt 0 ]] || cannot 'none of the compilers is installed'

listed=$(realpath --relative-to="$include" "$@" | sort)
held=$(cd "$include" && find bpflink -name '*.hpp' | sort)
[[ $listed == "$held" ]] || failed "installed and held headers differ: $(diff <(echo "$listed") <(echo "$held"))"
proved "the $# listed headers are all that there are"
made=$(cd "$generated" && find bpflink -name '*.hpp')

export include generated dir
# check HEADER COMPILER FLAG...: one line for a failure, nothing else.
check() {
  local header=$1 compiler=$2 unit
  shift 2
  unit=$(mktemp "$dir/XXXXXX.cpp")
  printf '#include <%s>\n#include <%s>\n' "$header" "$header" >"$unit"
  # shellcheck disable=SC2086 # a compiler may be two words: ccache g++
  $compiler -std=c++20 -fsyntax-only -Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow -Wold-style-cast \
    -Wundef -Werror "$@" -I"$include" -I"$generated" "$unit" >"$unit.log" 2>&1 && return
  echo "$header: $compiler $*"
  cat "$unit.log"
  return 1
}
export -f check

for header in $listed $made; do
  if [[ $header == */libbpf.hpp && ! -e /usr/include/bpf/libbpf.h ]]; then
    echo "left out: $header, because libbpf's headers are not installed"
    continue
  fi
  for compiler in "${compilers[@]}"; do
    printf '%s\0' "check $header '$compiler'" "check $header '$compiler' -fno-exceptions -fno-rtti"
  done
done | xargs -0 -P "$(nproc)" -I '{}' bash -c '{}' || failed 'a header does not compile alone'
proved "each compiles alone, with and without exceptions and RTTI: $(IFS=,; echo "${compilers[*]}")"
