#!/bin/bash
# Builds libgcc, libstdc++, libgomp and libatomic, each from its own folder of GCC's source
# tree, with a compiler that is there already. What GCC's top-level makefile would hand to
# them is made first: a handful of headers that describe the target.
set -euo pipefail

host=x86_64-conda-linux-gnu
source=$SRC_DIR/gcc
objects=$SRC_DIR/objects
logs=$SRC_DIR/logs
jobs=${CPU_COUNT:-2}
export MAKEINFO=true # the tarball is without its manuals
lap() { echo "LAP $1 $(date +%s)"; }
lap start

mkdir -p "$source" "$logs" "$objects"/{gcc/include,build-"$host"/libiberty} \
    "$objects/$host"/{libgcc,libstdc++-v3,libgomp,libatomic}
tar -xf gcc-"$PKG_VERSION"-dfsg.tar.xz -C "$source" --strip-components=1 \
    --exclude='*/testsuite/*/*' --exclude='*/libgo' --exclude='*/libphobos' \
    --exclude='*/libgfortran' --exclude='*/libsanitizer'
lap unpack

# A step's own log, printed if the step fails.
step() {
    local name=$1
    shift
    if ! "$@" > "$logs/$name" 2>&1; then
        tail -n 100 "$logs/$name"
        echo "failed: $name" >&2
        return 1
    fi
}

options=(
    --build="$host" --host="$host" --target="$host"
    --prefix="$PREFIX" --libdir="$PREFIX/lib" --with-gcc-major-version-only
    --with-glibc-version=2.17 --disable-multilib --disable-nls
    --enable-shared --enable-threads=posix --enable-__cxa_atexit --enable-initfini-array
    --enable-gnu-unique-object --enable-languages=c,c++ --enable-checking=release
    --disable-werror --with-default-libstdcxx-abi=new
)

# ---- The headers. The programs that write them are for the image: its plain gcc makes them.
target_headers() {
    (
        cd "$objects/build-$host/libiberty"
        CC=gcc CFLAGS="-O1 -g0" "$source/libiberty/configure" --build="$host" --disable-shared
        make -j"$jobs"
    ) &
    local libiberty=$!
    cd "$objects/gcc"
    CC=gcc CXX=g++ CFLAGS="-O0 -g0" CXXFLAGS="-O0 -g0" "$source/gcc/configure" \
        "${options[@]}" --with-system-zlib --without-zstd --disable-plugin --disable-lto
    wait $libiberty
    printf '#!/bin/sh\nexec gcc "$@"\n' > xgcc
    chmod +x xgcc
    touch specs
    lap conf >&3
    make -o xgcc -o specs -j"$jobs" CXXFLAGS="-O0 -g0" GMPLIBS= \
        tconfig.h tm.h options.h insn-constants.h insn-modes.h libgcc.mvars version.h
}
exec 3>&1
step headers target_headers
lap headers

# ---- The libraries. Of two libraries built at once, one is all configure, on one processor.
flags="-O2 -g0 -ffile-prefix-map=$objects=. -ffile-prefix-map=$source=gcc"
export CC=$host-gcc CFLAGS=$flags CXXFLAGS=$flags
export AR=$host-ar NM=$host-nm RANLIB=$host-ranlib STRIP=$host-strip

build_libgcc() {
    cd "$objects/$host/libgcc"
    # The compiler links OpenMP programs with the start files that offloading needs.
    "$source/libgcc/configure" "${options[@]}" --disable-cet --enable-offload-targets=nvptx-none
    make -j"$jobs" AR_FOR_TARGET="$AR" NM_FOR_TARGET="$NM" RANLIB_FOR_TARGET="$RANLIB" \
        STRIP_FOR_TARGET="$STRIP"
    make install
}

build_c_library() {
    cd "$objects/$host/$1"
    "$source/$1/configure" "${options[@]}" --with-target-subdir="$host" --disable-static
    make
    make install
}

build_libstdcxx() {
    cd "$objects/$host/libstdc++-v3"
    # g++ would add the libstdc++ that is not there yet.
    local here=$PWD
    CXX="$CC -shared-libgcc -nostdinc++ -L$here/src -L$here/src/.libs -L$here/libsupc++/.libs" \
        "$source/libstdc++-v3/configure" "${options[@]}" --with-target-subdir="$host" \
        --disable-libstdcxx-pch --enable-clocale=gnu --enable-libstdcxx-time=yes \
        --enable-libstdcxx-filesystem-ts=yes --disable-static \
        --with-gxx-include-dir="$PREFIX/$host/include/c++/${PKG_VERSION%%.*}"
    lap conf-stdc++ >&3
    make -j"$jobs"
    make install
}

step libgcc build_libgcc
lap libgcc
{
    step libatomic build_c_library libatomic
lap libatomic
    step libgomp build_c_library libgomp
lap libgomp
} &
small=$!
step libstdc++ build_libstdcxx
lap libstdc++
wait $small
lap small

find "$PREFIX" -name '*.la' -delete
rm -rf "$PREFIX"/share
find "$PREFIX/lib" -name '*.so*' -type f
lap end
