#!/bin/bash
# Builds the compilers and none of their libraries: those come from ../gcc-runtime-build, which has
# built them from the same source. Configured as if it were installed in /usr, so that no file has
# the path of an environment: GCC finds its parts, its headers and the sysroot relative to itself.
set -euo pipefail

target=x86_64-conda-linux-gnu
build=x86_64-pc-linux-gnu # another name, so that it looks into the sysroot only
major=${PKG_VERSION%%.*}
source=$SRC_DIR/gcc

mkdir -p "$source" objects
tar -xf gcc-"$PKG_VERSION"-dfsg.tar.xz -C "$source" --strip-components=1 \
    --exclude='*/testsuite/*/*' --exclude='*/libgo' --exclude='*/libphobos' \
    --exclude='*/libgfortran' --exclude='*/libsanitizer'
mv numbers/* "$source/"
# Debian's tarball of gmp is without its manual.
mkdir -p "$source/gmp/doc"
echo all: > "$source/gmp/doc/Makefile.in"
# That of GCC has empty files in place of its manuals: nothing can be made of them.
sed -i -E 's/^(BUILD_INFO|GENERATED_MANPAGES) = .*/\1 =/' "$source/gcc/Makefile.in"
patch -d "$source" -p1 --fuzz=0 --no-backup-if-mismatch < "$RECIPE_DIR/environment.diff"

flags="-O2 -g0 -ffile-prefix-map=$SRC_DIR=. -ffile-prefix-map=$PREFIX= -ffile-prefix-map=$BUILD_PREFIX="
export CFLAGS="$flags" CXXFLAGS="$flags" CPPFLAGS="-I$PREFIX/include"
# shellcheck disable=SC2054 # the comma is one of a list of languages
options=(
    --build="$build" --host="$build" --target="$target" --prefix=/usr
    --libexecdir=/usr/libexec --with-gcc-major-version-only
    --with-sysroot="/usr/$target/sysroot" --with-native-system-header-dir=/usr/include
    --with-glibc-version=2.17 --enable-languages=c,c++ --enable-lto --enable-checking=release
    --enable-threads=posix --enable-__cxa_atexit --enable-initfini-array --enable-default-pie
    --enable-gnu-unique-object --enable-linker-build-id --with-linker-hash-style=gnu
    --disable-analyzer --disable-bootstrap --disable-fixincludes --disable-libcc1
    --disable-multilib --disable-nls --disable-plugin --with-system-zlib --without-isl
    --without-static-standard-libraries --without-zstd
)
cd objects
"$source/configure" "${options[@]}" --with-build-sysroot="$BUILD_PREFIX/$target/sysroot"
# What `gcc -v` prints is without the path of the build's sysroot.
make -j"$CPU_COUNT" all-gcc all-lto-plugin MAKEINFO=true \
    TOPLEVEL_CONFIGURE_ARGUMENTS="configure ${options[*]}"
make -C gcc DESTDIR="$PWD/installed" install-common install-cpp install-driver install-gcc-ar \
    install-headers install-lto-wrapper
make -C lto-plugin DESTDIR="$PWD/installed" install

cp -a installed/usr/{bin,libexec} "$PREFIX/"
# GCC's own headers; those of its libraries come with them.
mkdir -p "$PREFIX/lib/gcc/$target/$major"
cp -a "installed/usr/lib/gcc/$target/$major/include" "$PREFIX/lib/gcc/$target/$major/"
rm "$PREFIX/libexec/gcc/$target/$major/"*.la
licenses=$PREFIX/share/licenses/gcc-build
mkdir -p "$licenses"
cp "$source"/{COPYING3,COPYING.RUNTIME,mpfr/COPYING.LESSER} "$licenses/"
