#!/bin/bash
# SPDX-License-Identifier: MIT
# subproject.sh SOURCE_ROOT CXX [exceptions|no-exceptions] [static|shared]
#
# A strict parent project gets the library from subprojects/bpflink: it builds, its program runs, and nothing else comes
# along: no test, no example, no flag.
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

source=$1 world=${3:-no-exceptions} library=${4:-static}
CXX=$(cached "$2")
export CXX
needs meson ninja python3

case $world in
  exceptions) eh=default rtti=true ;;
  no-exceptions) eh=none rtti=false ;;
  *) failed "the world is exceptions or no-exceptions, not $world" ;;
esac

copy_source "$source"
cp "$here/consumer.cpp" "$dir/consumer.cpp"
echo 'int main() {}' >"$dir/alone.cpp"
cat >"$dir/meson.build" <<PARENT
project('parent', 'cpp', default_options: [
  'cpp_std=c++20', 'cpp_eh=$eh', 'cpp_rtti=$rtti', 'warning_level=3', 'werror=true', 'default_library=$library'])
executable('consumer', 'consumer.cpp', dependencies: dependency('bpflink', version: '>=0.1'))
executable('alone', 'alone.cpp')
PARENT

set_up strict
quietly meson compile -C "$dir/strict"
"$dir/strict/consumer"
proved "a parent with $world, warning_level=3 and werror=true builds and runs on a $library library"

# Configured only: what such a parent would run is in its compile commands.
set_up lax -Dwarning_level=0 -Dwerror=false

python3 - "$dir" "$world" "$library" <<'PYTHON'
import json, os, shlex, sys
top, world, library = sys.argv[1:]

def fail(*what):
    print('FAILED:', *what)
    sys.exit(1)

for build in 'strict', 'lax':
    def info(name):
        with open(os.path.join(top, build, 'meson-info', 'intro-%s.json' % name)) as file:
            return json.load(file)

    ours = [(target['name'], target['type']) for target in info('targets') if target['subproject'] == 'bpflink']
    if ours != [('bpflink', library + ' library')]:
        fail('the subproject brings the targets', ours)
    if info('tests') or info('benchmarks'):
        fail('the subproject brings tests', [test['name'] for test in info('tests') + info('benchmarks')])

    commands = {}
    with open(os.path.join(top, build, 'compile_commands.json')) as file:
        for entry in json.load(file):
            words = shlex.split(entry['command'])
            commands[os.path.normpath(os.path.join(entry['directory'], entry['file']))] = words

    def flags(name):
        words = iter(commands[os.path.join(top, name)])
        kept = []
        for word in words:
            if word in ('-o', '-MF', '-MQ', '-c'):
                next(words)
            elif not word.startswith(('-I', '-isystem')):
                kept.append(word)
        return kept

    if flags('consumer.cpp') != flags('alone.cpp'):
        fail('the dependency changes how its user is compiled:', flags('consumer.cpp'), 'instead of', flags('alone.cpp'))
    for file, words in commands.items():
        if '/subprojects/bpflink/' in file:
            if '-Werror' in words:
                fail("a warning in our code would stop the parent's build:", file)
            if any((flag in words) != (world == 'no-exceptions') for flag in ('-fno-exceptions', '-fno-rtti')):
                fail("the library is not of its parent's world,", world + ':', *words)
PYTHON
proved 'the subproject brings one library target and no test, is compiled as its parent says, and adds include paths only'
