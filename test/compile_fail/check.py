#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""check.py COMPILER COMPILE_COMMANDS CONSUMER FILE...

Each file is a misuse of the library that must not compile, and with -DVALID its twin that must. Its first lines say what
the compiler says: "// message: REGEX", or different ones on lines "// g++:" and "// clang++:". The flags are those
that COMPILE_COMMANDS has for CONSUMER; a warning is an error.
"""
import concurrent.futures
import os
import re
import shlex
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True  # root would leave a file of its own in the tree
from flags import flags_of  # noqa: E402

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


def run(*command):
    return subprocess.run(command, capture_output=True, text=True, env={**os.environ, 'LC_ALL': 'C'})


# The library's headers are read once: they take longer than all that is tried.
scratch = tempfile.TemporaryDirectory(prefix='bpflink-misuses.')
command = [*compiler, *flags_of(database, consumer), '-Wall', '-Wextra', '-Werror', '-fdiagnostics-color=never']
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
