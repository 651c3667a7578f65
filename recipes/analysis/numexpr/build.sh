#!/bin/bash
set -euo pipefail

unzip -q ./*.whl
patch -p1 --fuzz=0 --no-backup-if-mismatch < "$RECIPE_DIR/affinity.diff"
dist=numexpr-$PKG_VERSION.dist-info
find "$dist" -name LICENSE.txt -exec cp {} . \;
mkdir -p "$SP_DIR"
mv numexpr "$dist" "$SP_DIR/"
cd "$SP_DIR"

# The module finds the environment's libstdc++.
for module in numexpr/*.so; do
    up=$(realpath --relative-to=numexpr "$PREFIX/lib")
    patchelf --force-rpath --add-rpath "\$ORIGIN/$up" "$module"
done

echo conda > "$dist/INSTALLER"
# By this list Python's own tools know which modules there are.
find numexpr "$dist" -type f | LC_ALL=C sort | sed 's/$/,,/' > "$dist/RECORD"
# Up to 3.10 the order of a set in a .pyc file is that of its hashes, which are by chance otherwise.
export PYTHONHASHSEED=0
# Tied to the sources' contents, not to their times, as SOURCE_DATE_EPOCH makes it.
"$PYTHON" -m compileall -q -s "$SP_DIR" numexpr
