#!/bin/bash
# SPDX-License-Identifier: MIT
# mixed.sh SOURCE_ROOT CXX [static|shared]
#
# Programs with and without exceptions on a library with and without them. Both have inline functions of tl-expected
# whose bodies differ and whose names do not, and the linker keeps one: value() of an error must throw where the program
# has exceptions, and abort where it has none.
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

source=$1 library=${3:-static}
CXX=$(cached "$2")
export CXX
needs meson ninja

copy_source "$source"
cp "$here/value_of_error.cpp" "$dir/main.cpp"
cat >"$dir/meson.build" <<'PARENT'
project('parent', 'cpp', default_options: ['cpp_std=c++20'])
bpflink_dep = dependency('bpflink')
foreach optimization : ['0', '2']
  executable('throws' + optimization, 'main.cpp', dependencies: bpflink_dep,
    override_options: ['optimization=' + optimization])
  executable('aborts' + optimization, 'main.cpp', dependencies: bpflink_dep,
    override_options: ['optimization=' + optimization, 'cpp_eh=none', 'cpp_rtti=false'])
endforeach
PARENT

for eh in none default; do
  rtti=$([[ $eh == none ]] && echo false || echo true)
  set_up "eh-$eh" "-Dbpflink:cpp_eh=$eh" "-Dbpflink:cpp_rtti=$rtti" "-Ddefault_library=$library"
  quietly meson compile -C "$dir/eh-$eh"
  for optimization in 0 2; do
    for does in throws:threw aborts:aborted; do
      program=${does%:*}$optimization
      said=$("$dir/eh-$eh/$program") || failed "$program on a $library library with cpp_eh=$eh: $said"
      [[ $said == "${does#*:}" ]] || failed "$program on a $library library with cpp_eh=$eh: $said"
    done
  done
  proved "on a $library library with cpp_eh=$eh, value() of an error throws with exceptions and aborts without (-O0, -O2)"
done
