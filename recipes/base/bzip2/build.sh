#!/bin/bash
set -euo pipefail

# The makefile has no variable for the linker: its flags go with the compiler's name.
make -f Makefile-libbz2_so -j"$CPU_COUNT" \
    CC="$CC $LDFLAGS" CFLAGS="$CFLAGS -fPIC -D_FILE_OFFSET_BITS=64"

mkdir -p "$PREFIX"/{bin,include,lib}
install -m 755 bzip2-shared "$PREFIX/bin/bzip2"
ln -s bzip2 "$PREFIX/bin/bunzip2"
ln -s bzip2 "$PREFIX/bin/bzcat"
install -m 644 bzlib.h "$PREFIX/include/"
install -m 755 "libbz2.so.$PKG_VERSION" "$PREFIX/lib/"
ln -s "libbz2.so.$PKG_VERSION" "$PREFIX/lib/libbz2.so.1.0"
ln -s libbz2.so.1.0 "$PREFIX/lib/libbz2.so"
