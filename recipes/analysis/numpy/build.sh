#!/bin/bash
set -euo pipefail

# Left out: the tests, a seventh of the files' size.
unzip -q ./*.whl -x '*/tests/*'
# numpy.testing of 2.2 imports this module of the tests.
if grep -rqF numpy._core.tests._natype numpy/testing; then
    unzip -q ./*.whl 'numpy/_core/tests/_natype.py'
fi
dist=$(echo numpy-*.dist-info)
cp -r "$dist" numpy.dist-info
mkdir -p "$SP_DIR"
mv numpy numpy.libs "$dist" "$SP_DIR/"
# pip shall see that it is there, and leave it alone: with no list of files it removes nothing.
rm "$SP_DIR/$dist/RECORD"
echo conda > "$SP_DIR/$dist/INSTALLER"

# The modules find the environment's libstdc++; what they load inherits that.
find "$SP_DIR/numpy" -name '*.so' | while read -r module; do
    up=$(realpath --relative-to="$(dirname "$module")" "$PREFIX/lib")
    patchelf --force-rpath --add-rpath "\$ORIGIN/$up" "$module"
done

# Up to 3.10 the order of a set in a .pyc file is that of its hashes, which are by chance otherwise.
export PYTHONHASHSEED=0
# Tied to the sources' contents, not to their times, as SOURCE_DATE_EPOCH makes it.
"$PYTHON" -m compileall -q -j"$CPU_COUNT" -s "$SP_DIR" "$SP_DIR/numpy"
