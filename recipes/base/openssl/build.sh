#!/bin/bash
set -euo pipefail

apply-debian-patches
# The folders of the system are what is left to a copy of the library outside any prefix.
./Configure linux-x86_64 --prefix=/usr --libdir=lib \
    --openssldir=/etc/ssl shared no-docs no-module no-tests
# Everything is compiled a second time for the static libraries, unless make, and the makes that
# it calls, are told that these are there.
"$AR" rc libcrypto.a
"$AR" rc libssl.a
printf '#!/bin/sh\nexec make --old-file=libcrypto.a --old-file=libssl.a "$@"\n' > make-shared
chmod +x make-shared
./make-shared -j"$CPU_COUNT" MAKE="$PWD/make-shared" build_sw
./make-shared MAKE="$PWD/make-shared" install_sw DESTDIR="$SRC_DIR/stage"

cd stage/usr
rm -r lib/*.a bin/c_rehash
sed -i "s|^prefix=.*|prefix=$PREFIX|" lib/pkgconfig/*.pc
cp -a . "$PREFIX/"
install -Dm 644 "$SRC_DIR/apps/openssl.cnf" "$PREFIX/ssl/openssl.cnf"
