#!/bin/bash
# C++20 with threads, exceptions and streams, by the compiler's path and with nothing but the
# environment's own headers and libraries.
set -euo pipefail

# shellcheck disable=SC2153 # the builder sets it
prefix=$(realpath "$PREFIX")
run() {
    env -i PATH=/usr/bin:/bin "$prefix/bin/$1" "${@:2}"
}

run c++ -std=c++20 -H -c test.cpp 2> headers
grep '^\.' headers | cut -d' ' -f2 | xargs realpath > paths
if grep -v "^$prefix/" paths; then
    echo "these headers are not the environment's" >&2
    exit 1
fi
run g++ -std=c++20 test.o -o program -pthread
./program
ldd program > loaded
grep -q "libstdc++.so.6 => $prefix/lib/" loaded

# The compiler by a link to it: it still finds everything.
ln -s "$prefix/bin/x86_64-conda-linux-gnu-c++" compiler
env -i PATH=/usr/bin:/bin ./compiler -std=c++17 -x c++ - -o program << 'END'
#include <iostream>
int main() { std::cout << __cplusplus << std::endl; }
END
[ "$(./program)" = 201703 ]
readelf --dynamic program | grep "RPATH.*\[$prefix/lib\]"
