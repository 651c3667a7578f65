#!/bin/bash
# shellcheck disable=SC2086 # flags are several words each
# The environment's variables are enough to compile, link and run, and every header is its own.
set -euo pipefail

# CC and the flags are words, as makefiles take them.
$CC $CPPFLAGS $CFLAGS -H -c test.c 2> headers
grep '^\.' headers | cut -d' ' -f2 | xargs realpath > paths
if grep -v "^$CONDA_PREFIX/" paths; then
    echo "these headers are not the environment's" >&2
    exit 1
fi

$CC $CFLAGS -Ofast -fopenmp test.c -o program $LDFLAGS -lm -lpthread -ldl
./program
readelf --version-info --wide program > versions
if grep -oE 'GLIBC_2\.[0-9]+' versions | sort -Vu | grep -vE '_2\.([0-9]|1[0-7])$'; then
    echo "the program needs a newer glibc" >&2
    exit 1
fi
for tool in $AR $LD $NM $OBJCOPY $RANLIB $STRIP $GCC_AR; do
    $tool --version > version
done
