#!/bin/bash
# What C++ needs beside the C compiler.
set -euo pipefail

target=x86_64-conda-linux-gnu
major=${PKG_VERSION%%.*}

cd "$BUILD_PREFIX"
cp -a --parents bin/$target-g++ "libexec/gcc/$target/$major/cc1plus" "$PREFIX/"
cp share/licenses/gcc-build/* "$SRC_DIR/"

mkdir -p "$PREFIX/$target/bin"
ln -s $target-g++ "$PREFIX/bin/$target-c++"
for tool in g++ c++; do
    ln -s $target-g++ "$PREFIX/bin/$tool"
    ln -s ../../bin/$target-g++ "$PREFIX/$target/bin/$tool"
done
