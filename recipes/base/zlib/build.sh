#!/bin/bash
set -euo pipefail

LDFLAGS="$LDFLAGS -Wl,-s" ./configure --prefix="$PREFIX"
make -j"$CPU_COUNT" shared
make install
rm -r "$PREFIX/lib/libz.a" "$PREFIX/share/man"
