#!/bin/bash
set -euo pipefail

LDFLAGS="$LDFLAGS -Wl,-s" ./configure --prefix="$PREFIX" --disable-static --disable-nls \
    --disable-all-programs --enable-libuuid --disable-bash-completion --disable-asciidoc \
    --without-python --without-systemd --disable-year2038
make -j"$CPU_COUNT" libuuid.la
make install-usrlib_execLTLIBRARIES install-uuidincHEADERS install-pkgconfigDATA
rm "$PREFIX/lib/libuuid.la"
