#!/bin/bash
set -euo pipefail

# The folders of the system are what is left to a copy of the library outside any prefix.
LDFLAGS="$LDFLAGS -Wl,-s" ./Configure linux-x86_64 --prefix=/usr --libdir=lib \
    --openssldir=/etc/ssl shared no-docs no-module no-tests
make -j"$CPU_COUNT" build_sw
make install_sw DESTDIR="$SRC_DIR/stage"

cd stage/usr
rm -r lib/*.a bin/c_rehash
sed -i "s|^prefix=.*|prefix=$PREFIX|" lib/pkgconfig/*.pc
cp -a . "$PREFIX/"
install -Dm 644 "$SRC_DIR/apps/openssl.cnf" "$PREFIX/ssl/openssl.cnf"
