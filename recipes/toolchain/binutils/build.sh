#!/bin/bash
# Configured as if it were installed in /usr, so that no file has the path of an environment: all
# that these programs look for they find relative to themselves.
set -euo pipefail

target=x86_64-conda-linux-gnu
build=x86_64-pc-linux-gnu # another name, so that the tools are a compiler's for a sysroot
flags="-O2 -g0 -ffile-prefix-map=$SRC_DIR=. -ffile-prefix-map=$PREFIX= -ffile-prefix-map=$BUILD_PREFIX="
export CFLAGS="$flags" CXXFLAGS="$flags" CPPFLAGS="-I$PREFIX/include"

mkdir objects
cd objects
# DT_RPATH, and not DT_RUNPATH: a program of the environment loads the environment's libraries,
# whatever LD_LIBRARY_PATH says.
../configure --build="$build" --host="$build" --target="$target" --prefix=/usr \
    --with-sysroot="/usr/$target/sysroot" --with-system-zlib --without-zstd --without-msgpack \
    --disable-gdb --disable-gdbserver --disable-gprof --disable-gprofng --disable-sim \
    --disable-multilib --disable-nls --disable-shared --disable-werror --disable-new-dtags \
    --enable-default-hash-style=gnu --enable-deterministic-archives --enable-plugins --enable-relro
make -j"$CPU_COUNT" MAKEINFO=true
make install-strip MAKEINFO=true DESTDIR="$PWD/installed"

mkdir -p "$PREFIX"/{bin,"$target/bin"}
for tool in addr2line ar as c++filt elfedit ld nm objcopy objdump ranlib readelf size strings strip; do
    cp "installed/usr/bin/$target-$tool" "$PREFIX/bin/"
    ln -s "$target-$tool" "$PREFIX/bin/$tool"
    # Where gcc looks for them.
    ln -s "../../bin/$target-$tool" "$PREFIX/$target/bin/$tool"
done
for folder in bin "$target/bin"; do
    ln -s ld "$PREFIX/$folder/ld.bfd"
done
