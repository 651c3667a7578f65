#!/bin/bash
set -euo pipefail

root=$PREFIX/lib/root
mkdir -p "$root" "$PREFIX"/{bin,lib/cmake/ROOT,share/jupyter/kernels}

# Left out: what belongs to one Python, the tutorials, manual pages, and the release notes with
# their pictures.
unzip -q ./*.whl ROOT/{bin,cmake,etc,fonts,icons,include,lib,macros,README}/'*' ROOT/LICENSE \
    'root.libs/*' -x ROOT/lib/libCPyCppyy.so 'ROOT/README/ReleaseNotes/*' '*.pyc'
cp ROOT/LICENSE /usr/share/common-licenses/LGPL-2.1 .
mv ROOT/* "$root"
# CERN put copies of AlmaLinux's libraries into the wheel, each with a hash in its name. In their
# place ROOT loads the channel's, which have the same interface and newer security patches.
needed=()
for name in libXft.so.2 libXpm.so.4 libcom_err.so.2 libcrypt.so.1 libcrypto.so.1.1 libfreetype.so.6 \
    libgif.so.7 libjpeg.so.62 libkrb5.so.3 libpcre2-8.so.0 libpng16.so.16 libssl.so.1.1 libuuid.so.1; do
    needed+=(--replace-needed "$(basename root.libs/"${name%%.so.*}"-*)" "$name")
done
# Clang's own headers for other processors.
(cd "$root"/etc/cling/lib/clang/*/include
 rm -r altivec.h hexagon* hlsl* hvx* lasx* lsx* opencl* ppc_wrappers vecintrin.h vel* wasm*)
# They are programs in Python: the package for it has them.
grep -lr '^#!/usr/bin/env python3' "$root/bin" | xargs rm

# The wheel has the same file under each of a library's names.
cd "$root/lib"
for library in lib*.so.*.*; do
    for name in "${library%%.so.*}".so "${library%%.so.*}".so.*; do
        if [ "$name" != "$library" ]; then
            cmp "$library" "$name"
            ln -sf "$library" "$name"
        fi
    done
done

# Everything finds the core and the environment's libraries. An RPATH no longer than the wheel's
# is replaced in place; a longer one would move, and so double, a library's string table.
for library in *.so*; do
    if [ ! -L "$library" ]; then
        # Names for debuggers only: 20 MB.
        "$STRIP" --strip-unneeded "$library"
        patchelf --force-rpath --set-rpath "\$ORIGIN:\$ORIGIN/../.." "${needed[@]}" "$library"
    fi
done
for program in "$root"/bin/*; do
    if [[ $(head -c4 "$program") == $'\x7fELF' ]]; then
        patchelf --force-rpath --set-rpath "\$ORIGIN/../lib:\$ORIGIN/../.." "$program"
    fi
    ln -s "../lib/root/bin/${program##*/}" "$PREFIX/bin/"
done

cd "$SRC_DIR"
for package in libc6-dev linux-libc-dev; do
    dpkg-deb -x ${package}_*.deb deb
    cp deb/usr/share/doc/$package/copyright $package.copyright
done
mkdir -p "$root/libc"
cp -r deb/usr/include "$root/libc/"
# One folder for one architecture.
cp -r "$root"/libc/include/x86_64-linux-gnu/. "$root/libc/include/"
rm -r "$root/libc/include/x86_64-linux-gnu"
# The kernel's packet filters: names that differ by case only, and nothing that an analysis reads.
rm -r "$root"/libc/include/linux/netfilter*/

# How ROOT finds its own libraries and headers: see environment.c and restore.c. LDFLAGS and
# LD_RUN_PATH name the build's prefix.
for name in environment restore; do
    # shellcheck disable=SC2086
    $CC $CFLAGS -shared -Wl,-s -Wl,--disable-new-dtags -Wl,-rpath,"\$ORIGIN" \
        -o "$root/lib/librootstock_$name.so" "$RECIPE_DIR/$name.c" -ldl
done
patchelf --add-needed librootstock_environment.so "$root/lib/libCore.so"
patchelf --add-needed librootstock_restore.so "$root/lib/libCling.so"

python3 "$RECIPE_DIR/hide.py" "$root/lib/libCore.so" ZSTD_ LZ4_
python3 "$RECIPE_DIR/relocate_text.py" "$root"
# A link to the folder would not do: CMake takes paths from the link's place, not the target's.
for file in ROOTConfig ROOTConfig-version; do
    echo "include(\"\${CMAKE_CURRENT_LIST_DIR}/../../root/cmake/$file.cmake\")" \
        > "$PREFIX/lib/cmake/ROOT/$file.cmake"
done
ln -s ../../../lib/root/etc/notebook/kernels/root "$PREFIX/share/jupyter/kernels/root"

install -m644 "$RECIPE_DIR/thisroot.sh" "$PREFIX/bin/"
