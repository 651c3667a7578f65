#!/bin/bash
set -euo pipefail

# Python's part of a wheel that is nearly all core.
unzip -q ./*.whl '*.py' ROOT/libROOTPythonizations.so ROOT/lib/libCPyCppyy.so cppyy/libcppyy.so \
    'ROOT/bin/*' 'root-*.dist-info/*' -x 'ROOT/tutorials/*'
cp /usr/share/common-licenses/LGPL-2.1 .

# What is changed in ROOT's own Python, each patch with its reason: those for every version, and
# those for this one.
for change in "$RECIPE_DIR"/patches/*.diff "$RECIPE_DIR/patches/$PKG_VERSION"/*.diff; do
    patch -p1 --fuzz=0 --no-backup-if-mismatch < "$change"
done

mkdir -p "$SP_DIR/ROOT" "$PREFIX/bin"
# The Python packages, within ROOT and beside it: 6.38 has DistRDF and JupyROOT there.
for module in ROOT/*/__init__.py; do
    mv "${module%/*}" "$SP_DIR/ROOT/"
done
mv ROOT/*.py ROOT/libROOTPythonizations.so ROOT/lib/libCPyCppyy.so "$SP_DIR/ROOT/"
for module in cmdLineUtils.py */__init__.py; do
    mv "${module%/*}" "$SP_DIR/"
done
# The wheel's own start of `root`; the core has the program itself.
rm "$SP_DIR/ROOT/_rootcli.py"

core="\$ORIGIN/../../../root/lib:\$ORIGIN/../../.."
patchelf --force-rpath --set-rpath "\$ORIGIN:$core" "$SP_DIR"/ROOT/*.so
patchelf --force-rpath --set-rpath "\$ORIGIN/../ROOT:$core" "$SP_DIR/cppyy/libcppyy.so"

# Linked against nothing: the process has Python, and ROOT's libraries are not here.
# shellcheck disable=SC2086
$CC $CFLAGS -I"$(echo "$PREFIX"/include/python3.*)" -shared -Wl,-s \
    -o "$SP_DIR/ROOT/_error_handler.abi3.so" "$RECIPE_DIR/error_handler.c"
patchelf --force-rpath --set-rpath "$core" --add-needed libCore.so \
    "$SP_DIR/ROOT/_error_handler.abi3.so"

grep -l '^#!/usr/bin/env python3' ROOT/bin/* | while read -r program; do
    sed "1s|.*|#!$PREFIX/bin/python|" "$program" > "$PREFIX/bin/${program##*/}"
    chmod +x "$PREFIX/bin/${program##*/}"
done

# pip shall see that it is there, and leave it alone: with no list of files it removes nothing.
dist=$SP_DIR/$(echo root-*.dist-info)
mkdir "$dist"
mv root-*.dist-info/METADATA "$dist/"
echo conda > "$dist/INSTALLER"

# Up to 3.10 the order of a set in a .pyc file is that of its hashes, which are by chance otherwise.
export PYTHONHASHSEED=0
# Tied to the sources' contents, not to their times, as SOURCE_DATE_EPOCH makes it.
"$PYTHON" -m compileall -q -s "$SP_DIR" -p "" "$SP_DIR"
