#!/bin/bash
set -euo pipefail

# The tag's archive has no configure script; CMake needs none.
cmake -S expat -B build -DCMAKE_BUILD_TYPE=None -DCMAKE_INSTALL_PREFIX="$PREFIX" \
    -DCMAKE_INSTALL_LIBDIR=lib -DCMAKE_SHARED_LINKER_FLAGS="$LDFLAGS" \
    -DEXPAT_BUILD_TOOLS=OFF -DEXPAT_BUILD_EXAMPLES=OFF -DEXPAT_BUILD_TESTS=OFF \
    -DEXPAT_BUILD_DOCS=OFF
cmake --build build -j"$CPU_COUNT"
cmake --install build
rm -r "$PREFIX/share/doc"
