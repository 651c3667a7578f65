#!/bin/bash
# The C compiler, with what it links programs with: start files and libgcc, as built for the
# channel's libraries.
set -euo pipefail

target=x86_64-conda-linux-gnu
major=${PKG_VERSION%%.*}

cd "$BUILD_PREFIX"
cp -a --parents bin/$target-{gcc,cpp,gcc-ar,gcc-nm,gcc-ranlib} \
    "libexec/gcc/$target/$major"/{cc1,collect2,liblto_plugin.so,lto1,lto-wrapper} \
    "lib/gcc/$target" "$PREFIX/"
cp lib/libgomp.spec "$PREFIX/lib/gcc/$target/$major/"
# A file of specs takes the place of all that the compiler has built in.
{ bin/$target-gcc -dumpspecs && cat "$RECIPE_DIR/specs"; } > "$PREFIX/lib/gcc/$target/$major/specs"
cp share/licenses/gcc-build/* "$SRC_DIR/"

mkdir -p "$PREFIX/$target/bin" "$PREFIX/lib/bfd-plugins"
for tool in gcc cpp gcc-ar gcc-nm gcc-ranlib; do
    ln -s "$target-$tool" "$PREFIX/bin/$tool"
done
ln -s $target-gcc "$PREFIX/bin/$target-cc"
ln -s $target-gcc "$PREFIX/bin/cc"
# For programs that shall find the compilers and nothing else of the environment.
ln -s ../../bin/$target-gcc "$PREFIX/$target/bin/gcc"
ln -s ../../bin/$target-gcc "$PREFIX/$target/bin/cc"
# So that ar and nm read the object files of -flto.
ln -s "../../libexec/gcc/$target/$major/liblto_plugin.so" "$PREFIX/lib/bfd-plugins/"
