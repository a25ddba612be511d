# SPDX-License-Identifier: MIT
"""Meson's flags for a user of the library."""
import json
import os
import shlex


def flags_of(database, consumer):
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
