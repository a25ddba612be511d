# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# What the scripts of this directory share. Each works in $dir, a directory of its own that goes away with it.
set -euo pipefail

# The outsider's build must see its own settings only, not those of the build that runs this test.
unset CXXFLAGS CPPFLAGS LDFLAGS DESTDIR PKG_CONFIG_PATH

# shellcheck disable=SC2034 # for those who source this
here=$(dirname "$(realpath "${BASH_SOURCE[0]}")")
dir=$(mktemp -d "${TMPDIR:-/tmp}/bpflink-consumer.XXXXXX")
trap 'rm -rf "$dir"' EXIT

proved() { echo "proved: $*"; }
failed() {
  echo "FAILED: $*"
  exit 1
}
cannot() {
  echo "skipped: $*"
  exit 77
}
needs() {
  local command
  for command; do
    command -v "$command" >/dev/null || cannot "'$command' is not installed"
  done
}

# quietly COMMAND...: its output is of interest where it fails.
quietly() {
  "$@" >"$dir/output" 2>&1 && return
  cat "$dir/output"
  failed "$*"
}

# The same library is compiled by many of these scripts.
cached() {
  if [[ $1 != ccache* ]] && command -v ccache >/dev/null; then
    echo "ccache $1"
  else
    echo "$1"
  fi
}

# copy_source SOURCE_ROOT: what a checkout has, as subprojects/bpflink of a parent project in $dir.
copy_source() {
  local except=(--exclude=./.git --exclude=./.cache --exclude=./subprojects/packagecache '--exclude=./subprojects/*-[0-9]*')
  local built
  for built in "$1"/*/meson-private; do
    [[ ! -d $built ]] || except+=("--exclude=./$(basename "$(dirname "$built")")")
  done
  mkdir -p "$dir/subprojects/bpflink"
  tar -C "$1" -c "${except[@]}" . | tar -C "$dir/subprojects/bpflink" -x
}

# set_up BUILD ARGUMENT...: configures the parent without a network, optimised for a short build and not a fast program:
# -O0 is also where functions of two worlds meet that would be inlined otherwise.
set_up() {
  local build=$1
  shift
  quietly meson setup "$dir/$build" "$dir" --wrap-mode=nodownload -Ddebug=false -Doptimization=0 "$@"
}
