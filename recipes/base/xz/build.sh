#!/bin/bash
set -euo pipefail

apply-debian-patches
./configure --prefix="$PREFIX" --disable-static --disable-nls \
    --disable-doc --disable-scripts --disable-xz --disable-xzdec --disable-lzmadec \
    --disable-lzmainfo
make -j"$CPU_COUNT" -C src/liblzma
make -C src/liblzma install-libLTLIBRARIES
# What is needed to link with it is a package of its own.
rm "$PREFIX"/lib/liblzma.{la,so}
