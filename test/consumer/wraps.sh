#!/bin/bash
# SPDX-License-Identifier: MIT
# wraps.sh SOURCE_ROOT CXX
#
# A parent whose dependencies all come from subprojects/*.wrap. Where a wrap's directory is there already Meson downloads
# nothing, so they are laid out from the installed headers and the build files of packagefiles/, which is what is tried
# here, with the names that the wraps provide.
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

source=$1
CXX=$(cached "$2")
export CXX
needs meson ninja
[[ -e /usr/include/tl/expected.hpp ]] || cannot 'tl/expected.hpp is not in /usr/include (apt-get install libexpected-dev)'
[[ -e /usr/include/fmt/format-inl.h ]] || cannot 'fmt/format-inl.h is not in /usr/include (apt-get install libfmt-dev)'

copy_source "$source"
wraps=$dir/subprojects/bpflink/subprojects
for wrap in "$wraps"/*.wrap; do
  for line in 'source_url = https://.*\.tar\.gz' 'source_hash = [0-9a-f]{64}'; do
    grep -qE "^$line\$" "$wrap" || failed "${wrap##*/} has no line '$line'"
  done
done
proved 'each wrap names one archive and its SHA-256'

# unpacked NAME: where Meson looks for what NAME.wrap would unpack to, with our build file.
unpacked() {
  local into
  into=$dir/subprojects/$(sed -n 's/^directory *= *//p' "$wraps/$1.wrap")
  mkdir -p "$into"
  cp -r "$wraps/packagefiles/$1/." "$into"
  echo "$into"
}
expected=$(unpacked tl-expected)
mkdir -p "$expected/include/tl"
cp /usr/include/tl/expected.hpp "$expected/include/tl"

# Debian has fmt's sources only compiled. Its headers can do without: the first of them is told so, as a user would be.
fmt=$(unpacked fmt)
mkdir -p "$fmt/include" "$fmt/src"
cp -r /usr/include/fmt "$fmt/include"
for header in core.h base.h; do
  [[ ! -e $fmt/include/fmt/$header ]] || sed -i '1i #define FMT_HEADER_ONLY' "$fmt/include/fmt/$header"
done
touch "$fmt/src/format.cc" "$fmt/src/os.cc"

cp "$here/consumer.cpp" "$dir"
cat >"$dir/meson.build" <<'PARENT'
project('parent', 'cpp', default_options: [
  'cpp_std=c++20', 'warning_level=3', 'cpp_eh=none', 'cpp_rtti=false', 'werror=true'])
executable('consumer', 'consumer.cpp', dependencies: dependency('bpflink'))
PARENT
for library in static shared; do
  set_up $library -Ddefault_library=$library --force-fallback-for=bpflink,tl-expected,fmt
  quietly meson compile -C "$dir/$library"
  "$dir/$library/consumer"
  for used in "$expected" "$fmt"; do
    grep -q -- "-isystem *\.\./subprojects/${used##*/}/include" "$dir/$library/compile_commands.json" ||
      failed "${used##*/} is not what was compiled with"
  done
  proved "a $library library and its dependencies are built from the wraps, without a network"
done
