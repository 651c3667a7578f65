#!/bin/bash
set -euo pipefail

./configure --prefix="$PREFIX"
make -j"$CPU_COUNT" shared
make install
rm -r "$PREFIX/lib/libz.a" "$PREFIX/share/man"
