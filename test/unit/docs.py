#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""docs.py ROOT: the documents say what the code does.

Every header of a hook is included in the synopsis of a page, every page is in the index and in README's table, every page
has all its sections in their order, every errc and cause in a table of errors exists, the table of features is the
library's, and every link leads somewhere.
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


def anchors(page):
    """What GitHub makes of the headings."""
    for heading in re.findall(r'^#+ (.*)$', page.read_text(), re.M):
        yield re.sub(r'[^\w -]', '', heading.lower()).replace(' ', '-')


def broken_links(page):
    for target, anchor in re.findall(r'\]\(([^)#\s]*)#?([^)\s]*)\)', page.read_text()):
        there = page.parent / target if target else page
        if '://' in target:
            continue
        if not there.exists() or (anchor and anchor not in anchors(there)):
            yield f'{page.name}: links to {target}#{anchor}, which is not there'


def unknown_in_columns(page, known):
    """In tables with columns of these names, beside those of other tables."""
    columns = []
    for line in page.read_text().splitlines():
        cells = [cell.strip() for cell in re.split(r'(?<!\\)\|', line)[1:-1]]
        if '`errc`' in cells and '`cause`' in cells:
            columns = [(cells.index(f'`{kind}`'), kind) for kind in known]
        elif not cells:
            columns = []
        for column, kind in columns:
            for word in re.findall(r'`(\w+)`', cells[column]):
                if word not in known[kind] | set(known):
                    yield f'{page.name}: there is no {kind} {word}'


def features(root):
    """The library's table of features, and the one in the document."""
    source = (root / 'lib/features/features.cpp').read_text()
    ours = re.findall(r'\{feature::(\w+),\s*\{(\d+), (\d+)\},\s*"\w+",\s*"([^"]*)"\}', source)
    page = dict(sections((root / 'docs/concepts/kernels.md').read_text()))['Features']
    return [[f'`{name}`', words, f'{major}.{minor}'] for name, major, minor, words in ours], list(rows(page))


def problems(root):
    include = root / 'include/bpflink'
    known = {kind: enumerators(include / f'{kind}.hpp') for kind in ('errc', 'cause')}
    folder = root / 'docs/hooks'
    index = folder / 'README.md'
    readme = root / 'README.md'
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

    headers = {header.name for header in (include / 'attach').glob('*.hpp')} - PARTS
    for header in sorted(headers - included):
        yield f'attach/{header} is in the synopsis of no page in docs/hooks'
    for header in sorted(included - headers - PARTS):
        yield f'docs/hooks has attach/{header}, which is not there'

    listed = set(re.findall(r'\]\((\w+\.md)\)', index.read_text()))
    for page in pages:
        if page.name not in listed:
            yield f'{page.name} is not in the index'
        if f'(docs/hooks/{page.name})' not in readme.read_text():
            yield f'{page.name} is not in README.md'

    documents = [readme, *sorted((root / 'docs').rglob('*.md'))]
    for page in documents:
        yield from broken_links(page)
        yield from unknown_in_columns(page, known)

    ours, told = features(root)
    for row in ours:
        if row not in told:
            yield f'kernels.md has no row {row}'
    if len(ours) != len(told):
        yield f'kernels.md has {len(told)} features, the library {len(ours)}'


def main():
    found = list(problems(pathlib.Path(sys.argv[1])))
    print('\n'.join(found) or 'all pages are right')
    return 1 if found else 0


if __name__ == '__main__':
    sys.exit(main())
