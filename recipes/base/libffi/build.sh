#!/bin/bash
set -euo pipefail

# The tag's archive comes without the generated files of a release.
autoreconf -fi
./configure --prefix="$PREFIX" --disable-static --disable-docs \
    --disable-multi-os-directory --disable-builddir
make -j"$CPU_COUNT"
make install
rm -r "$PREFIX/lib/libffi.la" "$PREFIX/share/man"
