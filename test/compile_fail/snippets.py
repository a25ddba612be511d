#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""snippets.py COMPILER COMPILE_COMMANDS CONSUMER ROOT: the C++ in README.md and docs compiles.

What a snippet takes for granted (a program, an interface, a function that reports an error) is declared here, by name.
The flags are those that COMPILE_COMMANDS has for CONSUMER; a warning is an error.
"""
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True  # root would leave a file of its own in the tree
from flags import flags_of  # noqa: E402

PROGRAM = 'bpflink::expected<bpflink::program>&'
DESCRIPTOR = 'const bpflink::unique_fd&'
NAMES = {
    'program': PROGRAM,
    'other': PROGRAM,
    'next_program': PROGRAM,
    'index': 'bpflink::ifindex',
    'hook': 'bpflink::cgroup_hook',
    'firewall': 'bpflink::program_id',
    'firewall_link': 'const bpflink::cgroup_link&',
    'cgroup': DESCRIPTOR,
    'descriptor': DESCRIPTOR,
    'map': DESCRIPTOR,
    'other_map': DESCRIPTOR,
    'next_map': DESCRIPTOR,
    'socket': DESCRIPTOR,
    'listener': DESCRIPTOR,
    'bytes': 'std::span<const std::byte>',
    'skeleton': 'skeleton_of_libbpf*',
}
PRELUDE = '''#include <bpflink/bpflink.hpp>
#include <array>
#include <chrono>
#include <cstdio>
#include <span>
int fail(const bpflink::bpf_error&);
void consume(std::span<const std::byte>);
struct bpf_program;
struct bpf_link;
struct skeleton_of_libbpf {
  struct { bpf_program* drop; } progs;
  struct { bpf_link* filter; } links;
};
'''


def snippets(page):
    """The line where each begins, and its text."""
    text = page.read_text()
    for found in re.finditer(r'^```cpp\n(.*?)^```$', text, re.M | re.S):
        yield text[:found.start()].count('\n') + 2, found.group(1)


def unit(page, line, text, number):
    includes = re.findall(r'^#include .*$', text, re.M)
    # Blank, so that the lines keep their numbers.
    body = f'#line {line} "{page}"\n' + re.sub(r'^#include .*$', '', text, flags=re.M)
    if re.search(r'^int main\(', text, re.M):
        return includes, f'namespace snippet_{number} {{\n{body}}}\n'
    given = [f'[[maybe_unused]] {kind} {name}' for name, kind in NAMES.items()
             if re.search(rf'(?<![\w.:>]){name}\b(?!\()', text) and not re.search(rf'\bauto {name}\b', text)]
    return includes, f'int snippet_{number}({", ".join(given)}) {{\n{body}return 0;\n}}\n'


def main():
    compiler, database, consumer, root = sys.argv[1:]
    compiler = shlex.split(compiler)
    if not shutil.which(compiler[0]):
        print('skipped:', *compiler, 'is not installed')
        return 77
    root = pathlib.Path(root)
    with_libbpf = pathlib.Path('/usr/include/bpf/libbpf.h').exists()
    includes, bodies = set(), []
    for page in [root / 'README.md', *sorted((root / 'docs').rglob('*.md'))]:
        for line, text in snippets(page):
            if 'libbpf.hpp' in text and not with_libbpf:
                print(f'left out: {page}:{line}, because libbpf is not installed')
                continue
            more, body = unit(page, line, text, len(bodies))
            includes |= set(more)
            bodies.append(body)
    with tempfile.NamedTemporaryFile('w', suffix='.cpp') as file:
        file.write('\n'.join(sorted(includes)) + '\n' + PRELUDE + ''.join(bodies))
        file.flush()
        done = subprocess.run([*compiler, *flags_of(database, consumer), '-fsyntax-only', '-Wall', '-Wextra', '-Werror',
                               '-Wno-unused-variable', '-Wno-unused-but-set-variable', '-Wno-main', file.name])
    print(f'{len(bodies)} snippets')
    return done.returncode


if __name__ == '__main__':
    sys.exit(main())
