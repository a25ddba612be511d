#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""docs.py ROOT: the pages of the hooks say what the headers do.

Every header of a hook is included in the synopsis of a page, every page is in the index and the index names no other,
every page has all its sections in their order, and every errc and cause in a page's table of errors exists.
"""
import pathlib
import re
import sys

SECTIONS = ['Synopsis', 'Description', 'Mechanisms', 'Privileges', 'Errors', 'Since', 'See also']
# Parts of others: they have no page of their own.
PARTS = {'raw_target.hpp', 'raw_position.hpp'}


def enumerators(header):
    body = re.search(r'enum class \w+[^{]*\{(.*?)\};', header.read_text(), re.S).group(1)
    return set(re.findall(r'^\s*(\w+)(?:\s*=[^,]*)?,', re.sub(r'//.*', '', body), re.M))


def sections(text):
    parts = re.split(r'^## (.*)$', text, flags=re.M)
    return list(zip(parts[1::2], parts[2::2]))


def rows(section):
    """The cells of each row below a table's rule."""
    table = False
    for line in section.splitlines():
        if re.fullmatch(r'\|[-|: ]+\|', line):
            table = True
        elif not line.startswith('|'):
            table = False
        elif table:
            yield [cell.strip() for cell in re.split(r'(?<!\\)\|', line)[1:-1]]


def unknown_words(page, section, known):
    """The first two cells of each row are an errc and causes."""
    for row in rows(section):
        for cell, kind in zip(row, ('errc', 'cause')):
            words = re.findall(r'`(\w+)`', cell)
            if kind == 'errc' and not words:
                yield f'{page.name}: a row of the errors without an errc: {row}'
            for word in words:
                if word not in known[kind]:
                    yield f'{page.name}: there is no {kind} {word}'


def broken_links(page, text):
    for target in re.findall(r'\]\(([^)#\s]+)', text):
        if '://' not in target and not (page.parent / target).exists():
            yield f'{page.name}: links to {target}, which is not there'


def problems(root):
    include = root / 'include/bpflink'
    known = {kind: enumerators(include / f'{kind}.hpp') for kind in ('errc', 'cause')}
    folder = root / 'docs/hooks'
    index = folder / 'README.md'
    pages = {page: page.read_text() for page in sorted(folder.glob('*.md')) if page != index}

    included = set()
    for page, text in pages.items():
        found = sections(text)
        names = [name for name, _ in found]
        if names != SECTIONS:
            yield f'{page.name}: its sections are {names}, not {SECTIONS}'
            continue
        content = dict(found)
        included |= set(re.findall(r'#include <bpflink/attach/(\w+\.hpp)>', content['Synopsis']))
        if not any(rows(content['Errors'])):
            yield f'{page.name}: no table of errors'
        yield from unknown_words(page, content['Errors'], known)
        yield from broken_links(page, text)
    yield from broken_links(index, index.read_text())

    headers = {header.name for header in (include / 'attach').glob('*.hpp')} - PARTS
    for header in sorted(headers - included):
        yield f'attach/{header} is in the synopsis of no page in docs/hooks'
    for header in sorted(included - headers - PARTS):
        yield f'docs/hooks has attach/{header}, which is not there'

    listed = set(re.findall(r'\]\((\w+\.md)\)', index.read_text()))
    for page in pages:
        if page.name not in listed:
            yield f'{page.name} is not in the index'


def main():
    found = list(problems(pathlib.Path(sys.argv[1])))
    print('\n'.join(found) or 'all pages are right')
    return 1 if found else 0


if __name__ == '__main__':
    sys.exit(main())
