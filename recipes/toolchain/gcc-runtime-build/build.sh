#!/bin/bash
# Builds libgcc, libstdc++, libgomp and libatomic, each from its own folder of GCC's source
# tree, with a compiler that is there already. What GCC's top-level makefile would hand to
# them is made first: a handful of headers that describe the target.
set -euo pipefail

host=x86_64-conda-linux-gnu
major=${PKG_VERSION%%.*}
source=$SRC_DIR/gcc
objects=$SRC_DIR/objects
jobs=${CPU_COUNT:-2}
export MAKEINFO=true # the tarball is without its manuals
lap() { echo "LAP $1 $(date +%s)"; }

lap start
mkdir -p "$source" "$objects"/{gcc/include,build-"$host"/libiberty} \
    "$objects/$host"/{libgcc,libstdc++-v3,libgomp,libatomic}
tar -xf gcc-"$PKG_VERSION"-dfsg.tar.xz -C "$source" --strip-components=1 \
    --exclude='*/testsuite/*/*' --exclude='*/libgo' --exclude='*/libphobos' \
    --exclude='*/libgfortran' --exclude='*/libsanitizer'
lap unpack

options=(
    --build="$host" --host="$host" --target="$host"
    --prefix="$PREFIX" --libdir="$PREFIX/lib" --with-gcc-major-version-only
    --with-glibc-version=2.17 --disable-multilib --disable-nls --disable-werror
    --enable-shared --enable-threads=posix --enable-__cxa_atexit --enable-initfini-array
    --enable-gnu-unique-object --enable-languages=c,c++ --enable-checking=release
    --with-default-libstdcxx-abi=new
)

# ---- The headers. The programs that write them run here: the image's plain gcc makes them.
(
    cd "$objects/build-$host/libiberty"
    CC=gcc CFLAGS="-O1 -g0" "$source/libiberty/configure" --build="$host" --disable-shared
    make -j"$jobs"
) &
libiberty=$!
cd "$objects/gcc"
CC=gcc CXX=g++ CFLAGS="-O0 -g0" CXXFLAGS="-O0 -g0" "$source/gcc/configure" \
    "${options[@]}" --with-system-zlib --without-zstd --disable-plugin --disable-lto
wait $libiberty
lap conf
printf '#!/bin/sh\nexec gcc "$@"\n' > xgcc
chmod +x xgcc
touch specs
make -o xgcc -o specs -j"$jobs" CXXFLAGS="-O0 -g0" GMPLIBS= \
    tconfig.h tm.h options.h insn-constants.h insn-modes.h libgcc.mvars version.h
lap headers

# ---- The libraries, against each other in the prefix. Strip, ar and the like find their way
# into makefiles by their names.
flags="-O2 -g0 -ffile-prefix-map=$objects=. -ffile-prefix-map=$source=gcc"
flags+=" -ffile-prefix-map=$PREFIX= -ffile-prefix-map=$BUILD_PREFIX="
export CFLAGS=$flags CXXFLAGS=$flags
export CC="$host-gcc -B$PREFIX/lib/gcc/$host/$major -L$PREFIX/lib"
export AR=$host-ar NM=$host-nm RANLIB=$host-ranlib STRIP=$host-strip

cd "$objects/$host/libgcc"
# The compiler links OpenMP programs with the start files that offloading needs.
"$source/libgcc/configure" "${options[@]}" --disable-cet --enable-offload-targets=nvptx-none
lap conf-libgcc
make -j"$jobs" AR_FOR_TARGET=$AR NM_FOR_TARGET=$NM RANLIB_FOR_TARGET=$RANLIB STRIP_FOR_TARGET=$STRIP
make install
lap libgcc

# Configuring takes one processor, so the small ones are built beside it.
(
    for library in libatomic libgomp; do
        cd "$objects/$host/$library"
        "$source/$library/configure" "${options[@]}" --with-target-subdir="$host" --disable-static
        make
        make install
        lap $library
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
lap conf-std
make -j"$jobs"
lap libstd
make install
lap instd
wait $small
lap small

# What no package needs; where the licences are, for those that are made of this one.
find "$PREFIX" -name '*.la' -delete
rm -rf "$PREFIX/share" "$PREFIX"/lib/libstdc++.so.*-gdb.py
"$STRIP" --strip-unneeded "$PREFIX"/lib/*.so.*.*
mkdir -p "$PREFIX/share/licenses/gcc-runtime"
cp "$source"/COPYING{3,.RUNTIME} "$PREFIX/share/licenses/gcc-runtime/"
