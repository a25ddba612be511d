# SPDX-License-Identifier: MIT
# What the examples' run scripts share. They are docs/examples/NAME/run.
# shellcheck shell=sh
root=$(cd "$(dirname "$0")/../../.." && pwd)
# shellcheck source=docs/examples/packages.sh
. "$root/docs/examples/packages.sh"

# example NAME: builds bpflink and the example, installing what the build needs where it is missing (Debian packages), and
# runs it as root.
example() {
  need g++ meson pkg-config libexpected-dev libfmt-dev libbpf-dev
  build=${BUILD:-$root/build}
  if [ ! -f "$build/build.ninja" ]; then
    if dpkg -s catch2 >/dev/null 2>&1; then tests=true; else tests=false; fi
    meson setup "$build" "$root" -Dtests=$tests
  fi
  ninja -C "$build" "docs/examples/$1/$1"
  as_root "$build/docs/examples/$1/$1"
}
