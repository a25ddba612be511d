#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""check.py COMPILER COMPILE_COMMANDS CONSUMER FILE...

Each file is a misuse of the library that must not compile, and with -DVALID its twin that must. Its first lines say what
the compiler says: "// message: REGEX", or different ones on lines "// g++:" and "// clang++:". The flags are those
that COMPILE_COMMANDS has for CONSUMER; a warning is an error.
"""
import concurrent.futures
import json
import os
import re
import shlex
import subprocess
import sys
import tempfile

compiler, database, consumer, *files = sys.argv[1:]
compiler = shlex.split(compiler)


def stop(status, *words):
    print(*words)
    sys.exit(status)


try:
    told = subprocess.run([*compiler, '--version'], capture_output=True, text=True, check=True).stdout
except (OSError, subprocess.CalledProcessError):
    stop(77, 'skipped:', *compiler, 'is not installed')
name = 'clang++' if 'clang' in told else 'g++'


def flags_of_consumer():
    """What a user of another compiler needs too: where headers are, the language, and the world."""
    with open(database) as file:
        entry = next(e for e in json.load(file)
                     if os.path.realpath(os.path.join(e['directory'], e['file'])) == os.path.realpath(consumer))
    words = iter(shlex.split(entry['command'])[1:])
    flags = []
    for word in words:
        if word in ('-isystem', '-I'):
            flags += [word, os.path.join(entry['directory'], next(words))]
        elif word.startswith('-I'):
            flags.append('-I' + os.path.join(entry['directory'], word[2:]))
        elif word.startswith('-isystem'):
            flags += ['-isystem', os.path.join(entry['directory'], word[8:])]
        elif word.startswith(('-std=', '-D', '-fno-exceptions', '-fno-rtti')):
            flags.append(word)
    return flags


def run(*command):
    return subprocess.run(command, capture_output=True, text=True, env={**os.environ, 'LC_ALL': 'C'})


# The library's headers are read once: they take longer than all that is tried.
scratch = tempfile.TemporaryDirectory(prefix='bpflink-misuses.')
command = [*compiler, *flags_of_consumer(), '-Wall', '-Wextra', '-Werror', '-fdiagnostics-color=never']
header = os.path.join(scratch.name, 'all.hpp')
precompiled = header + ('.pch' if name == 'clang++' else '.gch')
with open(header, 'w') as file:
    file.write('#include <bpflink/bpflink.hpp>\n#include <string>\n#include <vector>\n')
made = run(*command, '-x', 'c++-header', header, '-o', precompiled)
if made.returncode != 0:
    stop(1, "FAILED: the library's headers do not compile:\n" + made.stderr)
included = ['-include-pch', precompiled] if name == 'clang++' else ['-include', header]


def compile_it(file, *more):
    return run(*command, *more, '-fsyntax-only', *included, file)


def check(file):
    """What is wrong; nothing where all is as it should be."""
    with open(file) as source:
        stated = dict(re.findall(r'^// (message|g\+\+|clang\+\+): (.+)$', source.read(), re.M))
    wanted = stated.get(name) or stated.get('message')
    if not wanted:
        return 'says no message for ' + name
    twin = compile_it(file, '-DVALID')
    if twin.returncode != 0:
        return 'the valid twin does not compile:\n' + twin.stderr
    misuse = compile_it(file)
    if misuse.returncode == 0:
        return 'the misuse compiles'
    errors = '\n'.join(line for line in misuse.stderr.splitlines() if 'error:' in line or 'note:' in line)
    if not re.search(wanted, errors):
        return 'the message has no "%s":\n%s' % (wanted, misuse.stderr)
    return None


with concurrent.futures.ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
    verdicts = list(zip(files, pool.map(check, files)))
failed = [(file, verdict) for file, verdict in verdicts if verdict]
for file, verdict in failed:
    print('FAILED: %s: %s' % (os.path.basename(file), verdict))
print('%s: %d passed, %d failed' % (name, len(verdicts) - len(failed), len(failed)))
sys.exit(1 if failed else 0)
