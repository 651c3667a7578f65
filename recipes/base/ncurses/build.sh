#!/bin/bash
set -euo pipefail

# Descriptions compiled in need no files, so no path of the prefix is in the libraries.
system=/etc/terminfo:/lib/terminfo:/usr/share/terminfo:/usr/lib/terminfo
./configure --prefix="$PREFIX" \
    --with-fallbacks="$(paste -sd, "$RECIPE_DIR/terminals.txt")" \
    --with-default-terminfo-dir=/usr/share/terminfo --with-terminfo-dirs="$system" \
    --disable-db-install --with-termlib=tinfo --enable-widec --enable-overwrite \
    --with-shared --without-normal --without-debug --without-cxx-binding --without-ada \
    --without-manpages --without-progs --without-tests \
    --enable-pc-files --with-pkg-config-libdir="$PREFIX/lib/pkgconfig"
make -j"$CPU_COUNT"
make install.libs install.includes

rm "$PREFIX/bin/ncursesw6-config"

# conda-forge's name of the same library.
ln -s libtinfo.so.6 "$PREFIX/lib/libtinfow.so.6"
ln -s libtinfow.so.6 "$PREFIX/lib/libtinfow.so"
