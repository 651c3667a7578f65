#!/bin/bash
set -euo pipefail

minor=${PKG_VERSION%.*}

if [ -d debian ]; then
    apply-debian-patches
fi

# Up to 3.11 the modules' own build script searches the folders of the image as well.
if [ -e setup.py ]; then
    sed -i 's/^    def add_multiarch_paths(self):$/&\n        return/' setup.py
fi

# What only this build is to be compiled with is kept apart from what users' modules are.
export CFLAGS_NODIST="$CFLAGS -D_FORTIFY_SOURCE=2 -fno-semantic-interposition -O3 -g0"
export LDFLAGS_NODIST="$LDFLAGS"
export CFLAGS="" CPPFLAGS="-I$PREFIX/include" LDFLAGS="-L$PREFIX/lib -Wl,-rpath,$PREFIX/lib"
./configure --prefix="$PREFIX" CXX=g++ --enable-shared --without-static-libpython \
    --disable-test-modules --without-ensurepip --enable-loadable-sqlite-extensions \
    --with-openssl="$PREFIX" --with-system-expat --with-tzpath="$PREFIX/share/zoneinfo"
make -j"$CPU_COUNT"

# Installing would compile the library three times over, with this build's folder in it.
# shellcheck disable=SC2016 # it is make's
sed 's|$(DESTDIR)$(LIBDEST)/compileall.py|-c pass|' Makefile > Makefile.install
make -f Makefile.install install

cd "$PREFIX"
ln -s python3 bin/python
rm -r share/man bin/idle3* "lib/python$minor"/{idlelib,tkinter,turtledemo,turtle.py}
find "lib/python$minor"/config-* -type f ! -name Makefile -delete
find "lib/python$minor" -name __pycache__ -prune -exec rm -r {} +

# Up to 3.10 the order of a set in a .pyc file is that of its hashes, which are by chance otherwise.
export PYTHONHASHSEED=0
# -B: what is imported on the way would be compiled with the folder of this build in it.
bin/python -B "$RECIPE_DIR/scrub_sysconfig.py"
bin/python -B -m compileall -q -j"$CPU_COUNT" --invalidation-mode checked-hash -s "$PREFIX" \
    -x 'lib2to3/tests|site-packages' "lib/python$minor"
