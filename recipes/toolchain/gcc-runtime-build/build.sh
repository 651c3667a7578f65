#!/bin/bash
# Builds libgcc, libstdc++, libgomp and libatomic, each from its own folder of GCC's source
# tree. The compiler is there already, and Debian packages the headers that describe its
# target for the authors of plugins: without those GCC's own configure and generators would
# have to run first.
set -euo pipefail

host=x86_64-conda-linux-gnu
major=${PKG_VERSION%%.*}
source=$SRC_DIR/gcc
objects=$SRC_DIR/objects
jobs=${CPU_COUNT:-2}
export MAKEINFO=true # the tarball is without its manuals

mkdir -p "$source" "$objects"/{gcc/include,"$host"/{libgcc,libstdc++-v3,libgomp,libatomic}}
tar -xf gcc-"$PKG_VERSION"-dfsg.tar.xz -C "$source" --strip-components=1 \
    --exclude='*/testsuite/*/*' --exclude='*/libgo' --exclude='*/libphobos' \
    --exclude='*/libgfortran' --exclude='*/libsanitizer'

# shellcheck disable=SC2054 # the comma is one of a list of languages
options=(
    --build="$host" --host="$host" --target="$host"
    --prefix="$PREFIX" --libdir="$PREFIX/lib" --with-gcc-major-version-only
    --with-glibc-version=2.17 --disable-multilib --disable-nls --disable-werror
    --enable-shared --enable-threads=posix --enable-__cxa_atexit --enable-initfini-array
    --enable-gnu-unique-object --enable-languages=c,c++ --enable-checking=release
    --with-default-libstdcxx-abi=new
)

# ---- What GCC's top-level makefile leaves in gcc/ for the libraries.
cd "$objects/gcc"
dpkg-deb --fsys-tarfile "$SRC_DIR"/gcc-*-plugin-dev_*.deb |
    tar -x --strip-components=8 --wildcards '*/plugin/include/*'
HEADERS="auto-host.h ansidecl.h" DEFINES=USED_FOR_TARGET TARGET_CPU_DEFAULT='' \
    sh "$source/gcc/mkconfig.sh" tconfig.h
printf '%s\n' 'GCC_CFLAGS = -DIN_GCC' 'NO_PIE_CFLAGS = -fno-PIE' > libgcc.mvars

# ---- The libraries, against each other in the prefix.
flags="-O2 -g0 -ffile-prefix-map=$objects=. -ffile-prefix-map=$source=gcc"
flags+=" -ffile-prefix-map=$PREFIX= -ffile-prefix-map=$BUILD_PREFIX="
export CFLAGS=$flags CXXFLAGS=$flags
export CC="$host-gcc -B$PREFIX/lib/gcc/$host/$major -L$PREFIX/lib"
export AR=$host-ar NM=$host-nm RANLIB=$host-ranlib STRIP=$host-strip

cd "$objects/$host/libgcc"
# The compiler links OpenMP programs with the start files that offloading needs.
"$source/libgcc/configure" "${options[@]}" --disable-cet --enable-offload-targets=nvptx-none
tools=(AR_FOR_TARGET="$AR" NM_FOR_TARGET="$NM" RANLIB_FOR_TARGET="$RANLIB" STRIP_FOR_TARGET="$STRIP")
make -j"$jobs" "${tools[@]}" LIBGCC2_DEBUG_CFLAGS=-g0
make install "${tools[@]}"

# Configuring takes one processor, so the small ones are built beside it.
(
    for library in libatomic libgomp; do
        cd "$objects/$host/$library"
        "$source/$library/configure" "${options[@]}" --with-target-subdir="$host" --disable-static
        make
        make install
    done
) &
small=$!

cd "$objects/$host/libstdc++-v3"
# g++ would add the libstdc++ that is not there yet.
CXX="$CC -shared-libgcc -nostdinc++ -L$PWD/src -L$PWD/src/.libs -L$PWD/libsupc++/.libs" \
    "$source/libstdc++-v3/configure" "${options[@]}" --with-target-subdir="$host" \
    --disable-libstdcxx-pch --enable-clocale=gnu --enable-libstdcxx-time=yes \
    --enable-libstdcxx-filesystem-ts=yes --disable-static \
    --with-gxx-include-dir="$PREFIX/$host/include/c++/$major"
make -j"$jobs"
make install
wait $small

# What no package needs; where the licences are, for those that are made of this one.
find "$PREFIX" -name '*.la' -delete
rm -rf "$PREFIX/share" "$PREFIX"/lib/lib{std,sup}c++*.a "$PREFIX"/lib/libstdc++.so.*-gdb.py
find "$PREFIX/lib" -type f -name 'lib*.so.*' -exec "$STRIP" --strip-unneeded {} +
mkdir -p "$PREFIX/share/licenses/gcc-runtime"
cp "$source"/COPYING{3,.RUNTIME} "$PREFIX/share/licenses/gcc-runtime/"
