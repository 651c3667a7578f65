#!/bin/bash
# shellcheck disable=SC2086 # flags are several words each
# C++20 with threads, exceptions and streams, compiled, linked and run with nothing but the
# environment's own headers and libraries.
set -euo pipefail

$CXX $CPPFLAGS $CXXFLAGS -std=c++20 -H -c test.cpp 2> headers
grep '^\.' headers | cut -d' ' -f2 | xargs realpath > paths
if grep -v "^$CONDA_PREFIX/" paths; then
    echo "these headers are not the environment's" >&2
    exit 1
fi

$CXX $CXXFLAGS -std=c++20 test.o -o program $LDFLAGS -lpthread
./program
ldd program > loaded
grep -q "libstdc++.so.6 => $CONDA_PREFIX/lib/" loaded
readelf --version-info --wide program > versions
if grep -oE 'GLIBC_2\.[0-9]+' versions | sort -Vu | grep -vE '_2\.([0-9]|1[0-7])$'; then
    echo "the program needs a newer glibc" >&2
    exit 1
fi
