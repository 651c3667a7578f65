#!/bin/bash
set -euo pipefail

# Left to itself, the library expects whoever loads it to bring the terminal's functions.
./configure --prefix="$PREFIX" --disable-static \
    --with-shared-termcap-library=-ltinfo --disable-install-examples
make -j"$CPU_COUNT" shared
make install-shared
rm -r "$PREFIX/share"
