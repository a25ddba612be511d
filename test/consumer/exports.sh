#!/bin/bash
# SPDX-License-Identifier: MIT
# exports.sh SHARED_LIBRARY
#
# The shared library exports bpflink:: (and what others' templates are specialised to for its types), nothing else of
# its own and nothing of a dependency. Not to be avoided are weak copies of the standard library's templates: namespace
# std is declared visible, whatever -fvisibility says.
set -euo pipefail

for command in nm c++filt; do
  command -v $command >/dev/null || { echo "skipped: '$command' is not installed" && exit 77; }
done

# By mangled names: they begin with the name's namespace, where a readable one may begin with a return type.
special='^. _Z(T[ISTV]|GV|Z)?N?[KORV]*'
ours="$special"'7bpflink'
specialised="$special"'(St4hash|3fmt[0-9]+v[0-9]+9formatter)IN7bpflink'
standard='^[VWu] '"${special#^. }"'(S[abdiost]|9__gnu_cxx)'

name=${1##*/}
exported=$(nm -D --defined-only "$1" | cut -c18-)
count=$(grep -cE "$ours" <<<"$exported" || true)
[[ $count -gt 0 ]] || { echo "FAILED: $name exports nothing of bpflink::" && exit 1; }
foreign=$(grep -vE "$ours|$specialised|$standard" <<<"$exported" || true)
if [[ -n $foreign ]]; then
  c++filt <<<"$foreign"
  echo "FAILED: $name exports what is not bpflink's"
  exit 1
fi
weak=$(grep -E "$standard" <<<"$exported" | grep -vE "$specialised" || true)
echo "proved: $name exports $count symbols of bpflink:: and $(grep -c . <<<"$weak" || true) weak ones of the standard library"
[[ -z $weak ]] || c++filt <<<"$weak"
