#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""sources.py ROOT: every source file names its licence, and nothing of the library outside lib/kernel makes a system call.

Who makes none needs no header of the system's, no stream and no function of the C library's that is called by its global
name: what is named below is all that there is.
"""
import pathlib
import re
import sys

FOLDERS = ['include', 'lib', 'test', 'docs']
SUFFIXES = {'.cpp', '.hpp', '.in', '.py', '.sh'}
NAMES = {'meson.build', 'meson_options.txt'}

# Beside the standard library's. poll.h is for the names of events, libbpf's for a header that is only compiled beside it.
HEADERS = {'bpf/libbpf.h', 'fmt/core.h', 'fmt/format.h', 'poll.h'}
CALLERS = {'csignal', 'cstdio', 'filesystem', 'fstream', 'iostream', 'thread'}
FUNCTIONS = re.compile(r'strnlen|bpf_\w+')


def is_source(path):
    if path.suffix in SUFFIXES or path.name in NAMES:
        return True
    return not path.suffix and path.read_bytes().startswith(b'#!')


def sources(root):
    below = [path for folder in FOLDERS for path in sorted((root / folder).rglob('*')) if path.is_file()]
    return [path for path in [*(root / name for name in sorted(NAMES)), *below] if is_source(path)]


def calls(text):
    """What may make a system call, by its words."""
    text = re.sub(r'//.*', '', text)
    for header in re.findall(r'^#include <(.*)>', text, re.M):
        if header in CALLERS or (header.endswith('.h') and header not in HEADERS):
            yield f'includes <{header}>'
    for function in re.findall(r'(?<![\w>:])::(\w+)\(', text):
        if not FUNCTIONS.fullmatch(function):
            yield f'calls ::{function}()'
    for word in re.findall(r'\b(?:SYS_\w+|syscall\b(?=\())', text):
        yield f'says {word}'


def problems(root):
    found = sources(root)
    for path in found:
        name = path.relative_to(root)
        if 'SPDX-License-Identifier: ' not in '\n'.join(path.read_text().splitlines()[:3]):
            yield f'{name} does not name its licence in its first three lines'
    library = [path for path in found if path.suffix in ('.cpp', '.hpp') and path.is_relative_to(root / 'lib')]
    headers = [path for path in found if path.suffix == '.hpp' and path.is_relative_to(root / 'include')]
    kernel = [path for path in library if path.is_relative_to(root / 'lib/kernel')]
    if not any(any(calls(path.read_text())) for path in kernel):
        yield 'lib/kernel makes no system call: this check does not see them'
    for path in headers + [path for path in library if path not in kernel]:
        for what in calls(path.read_text()):
            yield f'{path.relative_to(root)} {what}, which is for lib/kernel'


def main():
    found = list(problems(pathlib.Path(sys.argv[1])))
    print('\n'.join(found) or 'all sources are right')
    return 1 if found else 0


if __name__ == '__main__':
    sys.exit(main())
