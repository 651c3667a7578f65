#!/bin/bash
# Puts the compiler and the binutils of the profile `debian`, in the same versions and under the
# same names, into an image that has others: the recipes then are the same for both.
#
# Only the compiler proper is compiled. Its runtime libraries, and their headers, are made by
# recipes/toolchain, against the sysroot.
set -euo pipefail

machine=x86_64-linux-gnu
major=14
# shellcheck disable=SC2100 # a name and no subtraction
gcc=gcc-14.2.0
gcc_sha256=a7b39bc69cbf9e25826c5a60ab26477001f7c08d85cec04bc0e29cabed6f3cc9
# shellcheck disable=SC2100
binutils=binutils-2.44
binutils_sha256=ce2017e059d63e67ddb9240e9d4ec49c2893605035cd60e92ad53177f4377237
gnu=${GNU_MIRROR:-https://ftp.gnu.org/gnu}

work=$(mktemp -d)
cd "$work"
curl -fsSL --retry 3 -O "$gnu/gcc/$gcc/$gcc.tar.xz" -O "$gnu/binutils/$binutils.tar.xz"
printf '%s  %s\n' "$gcc_sha256" $gcc.tar.xz "$binutils_sha256" $binutils.tar.xz | sha256sum -c
for name in $gcc $binutils; do
    tar -xf "$name.tar.xz"
done
MAKEFLAGS=-j$(nproc)
export CFLAGS='-O2 -g0' CXXFLAGS='-O2 -g0' MAKEFLAGS
options=(--build="$machine" --prefix=/usr --libexecdir=/usr/libexec --disable-nls --disable-multilib)

# Where Debian's g++ looks for the headers that differ from machine to machine, and recipes put
# them: include/MACHINE/c++/MAJOR, not include/c++/MAJOR/MACHINE.
# shellcheck disable=SC2016 # the makefile expands them
sed -i 's|$(gcc_gxx_include_dir)/$(target_noncanonical)|$(libsubdir)/$(libsubdir_to_prefix)include/$(target_noncanonical)/c++/$(version)|' \
    $gcc/gcc/Makefile.in
grep 'target_noncanonical)/c++/' $gcc/gcc/Makefile.in

mkdir binutils gcc
(
    cd binutils
    "../$binutils/configure" "${options[@]}" --program-prefix=$machine- --disable-gdb \
        --disable-gdbserver --disable-gprofng --disable-sim --disable-werror \
        --enable-deterministic-archives --enable-plugins
    make MAKEINFO=true
    make MAKEINFO=true install-strip
)
(
    cd gcc
    "../$gcc/configure" "${options[@]}" --program-suffix=-$major --with-gcc-major-version-only \
        --with-as=/usr/bin/$machine-as --with-ld=/usr/bin/$machine-ld \
        --enable-languages=c,c++,lto --disable-bootstrap --enable-checking=release \
        --enable-default-pie --enable-shared --enable-threads=posix --enable-__cxa_atexit \
        --enable-gnu-unique-object --enable-initfini-array --enable-linker-build-id \
        --with-linker-hash-style=gnu --with-system-zlib
    make MAKEINFO=true all-gcc all-lto-plugin
    make MAKEINFO=true install-strip-gcc install-strip-lto-plugin
)

# The names that Debian gives them.
for tool in addr2line ar as c++filt ld nm objcopy objdump ranlib readelf size strings strip; do
    ln -sf $machine-$tool /usr/bin/$tool
done
ln -sf cpp-$major /usr/bin/$machine-cpp-$major

# gcc_impl_linux-64 takes the headers of the runtime libraries out again.
headers=/usr/lib/gcc/$machine/$major/include
mkdir -p $headers/sanitizer
touch $headers/{acc_prof,backtrace,gcov,omp,openacc,quadmath,unwind}.h

licenses=/usr/share/common-licenses
install -D -m 644 $gcc/COPYING $licenses/GPL-2
install -D -m 644 $gcc/COPYING3 $licenses/GPL-3
install -D -m 644 $gcc/COPYING.LIB $licenses/LGPL-2.1
install -D -m 644 $gcc/COPYING.RUNTIME /usr/share/doc/gcc-$major-base/copyright

gcc-$major --version
$machine-ld --version
cd /
rm -rf "$work"
