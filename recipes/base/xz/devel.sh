#!/bin/bash
set -euo pipefail

mkdir -p "$PREFIX"/{include,lib/pkgconfig}
cp -r src/liblzma/api/lzma.h src/liblzma/api/lzma "$PREFIX/include/"
ln -s liblzma.so.5 "$PREFIX/lib/liblzma.so"
sed -e "s|@prefix@|$PREFIX|; s|@exec_prefix@|\${prefix}|; s|@libdir@|\${prefix}/lib|" \
    -e "s|@includedir@|\${prefix}/include|; s|@PACKAGE_VERSION@|$PKG_VERSION|" \
    -e "s|@PACKAGE_URL@|https://tukaani.org/xz/|; s|@[A-Z_]*@||g" \
    src/liblzma/liblzma.pc.in > "$PREFIX/lib/pkgconfig/liblzma.pc"
