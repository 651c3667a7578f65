#!/bin/bash
set -euo pipefail
shopt -s extglob

root=$PREFIX/lib/root
mkdir -p "$root" "$PREFIX"/{bin,lib/cmake/ROOT,share/jupyter/kernels}

# Left out: what belongs to one Python, the tutorials (a package of their own), manual pages,
# release notes with pictures.
unzip -q ./*.whl 'ROOT/*' 'root.libs/*' '*.cdx.json' \
    -x 'ROOT/*.py' 'ROOT/*.pyc' 'ROOT/_*' 'ROOT/JsMVA/*' 'ROOT/libROOTPythonizations.so' \
       'ROOT/lib/libCPyCppyy.so' 'ROOT/tutorials/*' 'ROOT/man/*' 'ROOT/README/ReleaseNotes/*'
mv ROOT/* "$root"
mv root.libs "$PREFIX/lib/"
# What these libraries are, and from which packages.
mv root-*/sboms/auditwheel.cdx.json "$PREFIX/lib/root.libs/"
# They are programs in Python: the package for it has them.
grep -lr '^#!/usr/bin/env python3' "$root/bin" | xargs rm

# The wheel has the same file under each of a library's names.
cd "$root/lib"
for library in lib*.so.+([0-9]).+([0-9])*; do
    for name in "${library%%.so.*}".so?(.+([0-9])); do
        cmp "$library" "$name"
        ln -sf "$library" "$name"
    done
done

# Everything finds the core, CERN's own libraries, and the environment's, in this order.
set_rpath() {
    patchelf --force-rpath --set-rpath "$1" "$2"
}
for library in "$root"/lib/*.so*; do
    [ -L "$library" ] || set_rpath "\$ORIGIN:\$ORIGIN/../../root.libs:\$ORIGIN/../.." "$library"
done
for library in "$PREFIX"/lib/root.libs/*.so*; do
    set_rpath "\$ORIGIN:\$ORIGIN/.." "$library"
done
for program in "$root"/bin/*; do
    if [[ $(head -c4 "$program") == $'\x7fELF' ]]; then
        set_rpath "\$ORIGIN/../lib:\$ORIGIN/../../root.libs:\$ORIGIN/../.." "$program"
    fi
    ln -s "../lib/root/bin/${program##*/}" "$PREFIX/bin/"
done

# How cling finds the headers: see headers.c.
# shellcheck disable=SC2086
"$CC" $CFLAGS $LDFLAGS -shared -fPIC -Wl,-s -o librootstock_headers.so \
    "$RECIPE_DIR/headers.c" -ldl
patchelf --add-needed librootstock_headers.so libCore.so

python3 "$RECIPE_DIR/mend.py" "$root"
# A link to the folder would not do: CMake takes paths from the link's place, not the target's.
for file in ROOTConfig ROOTConfig-version; do
    echo "include(\"\${CMAKE_CURRENT_LIST_DIR}/../../root/cmake/$file.cmake\")" \
        > "$PREFIX/lib/cmake/ROOT/$file.cmake"
done
ln -s ../../../lib/root/etc/notebook/kernels/root "$PREFIX/share/jupyter/kernels/root"
