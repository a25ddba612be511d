#!/bin/bash
# SPDX-License-Identifier: MIT
# installed.sh SOURCE_ROOT CXX [static|shared]
#
# What `meson install` leaves in a prefix is found by pkg-config, and is enough to build and run a program.
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

source=$1 library=${3:-shared}
CXX=$(cached "$2")
export CXX
needs meson ninja pkg-config

copy_source "$source"
prefix=$dir/prefix
quietly meson setup "$dir/build" "$dir/subprojects/bpflink" --prefix="$prefix" --libdir=lib -Ddebug=false \
  -Doptimization=0 -Dtests=false -Dexamples=false -Dbench=false "-Ddefault_library=$library"
quietly meson compile -C "$dir/build"
quietly meson install -C "$dir/build" --no-rebuild
quietly meson install -C "$dir/build" --no-rebuild --destdir "$dir/stage"
diff <(cd "$prefix" && find . | sort) <(cd "$dir/stage$prefix" && find . | sort) ||
  failed 'an installation with --destdir has other files'

# What ends in .in is a header's template.
held=$(cd "$source/include" && find bpflink -name '*.hpp' -o -name '*.hpp.in' | sed 's/\.in$//' | sort)
diff <(echo "$held") <(cd "$prefix/include" && find . -type f -printf '%P\n' | sort) ||
  failed 'the installed headers are not those of include/'
others=$(cd "$prefix" && find . \( -type f -o -type l \) ! -path './include/*' | sort | tr '\n' ' ')
case $library in
  static) expected='./lib/libbpflink.a ./lib/pkgconfig/bpflink.pc ' ;;
  shared) expected='./lib/libbpflink.so ./lib/libbpflink.so.[0-9]* ./lib/libbpflink.so.[0-9]* ./lib/pkgconfig/bpflink.pc ' ;;
  *) failed "the library is static or shared, not $library" ;;
esac
# shellcheck disable=SC2053 # a pattern
[[ $others == $expected ]] || failed "beside the headers there is: $others"
proved "with and without DESTDIR the prefix holds the headers, the $library library and bpflink.pc, and nothing else"

export PKG_CONFIG_PATH=$prefix/lib/pkgconfig
read -ra compile <<<"$(pkg-config --cflags bpflink)"
kind=()
[[ $library != static ]] || kind=(--static)
read -ra link <<<"$(pkg-config --libs "${kind[@]}" bpflink)"
[[ " ${compile[*]} " != *isystem\ */usr/include\ * && " ${compile[*]} " != *isystem/usr/include\ * ]] ||
  failed "bpflink.pc hides the C library's headers: ${compile[*]}"
[[ " ${compile[*]} " != *' -W'* && " ${compile[*]} " != *' -f'* ]] ||
  failed "bpflink.pc has flags that are the user's to choose: ${compile[*]}"

for world in '' '-fno-exceptions -fno-rtti'; do
  # shellcheck disable=SC2086 # both are lists
  $CXX -std=c++20 -Wall -Wextra -Wpedantic -Werror $world "${compile[@]}" "$here/consumer.cpp" "${link[@]}" -o "$dir/consumer"
  LD_LIBRARY_PATH=$prefix/lib "$dir/consumer"
done
if [[ $library == shared ]]; then
  needed=$(readelf -d "$dir/consumer" | grep -c 'libbpflink.so.[0-9.]*\]' || true)
  [[ $needed == 1 ]] || failed 'the program does not ask for the versioned library'
fi
proved "a program built with $(pkg-config --cflags --libs "${kind[@]}" bpflink | sed "s|$prefix|PREFIX|g") runs, with and without exceptions"
