#!/bin/bash
set -euo pipefail

# The order of a set up to Python 3.10: in what Cython writes, and in .pyc files.
export PYTHONHASHSEED=0
# The file that upstream made itself is of a Cython that knew no Python after 3.7.
rm root_numpy/src/_librootnumpy.cpp
PYTHONPATH=cython "$PYTHON" -m cython --cplus -o _librootnumpy.cpp \
    root_numpy/src/_librootnumpy.pyx
# For tracebacks it writes down where it found NumPy's declarations.
sed -i 's|"[^"]*/site-packages/\(numpy/[^"]*\.pxd"\)|"\1|' _librootnumpy.cpp

package=$SP_DIR/root_numpy
mkdir -p "$package/testdata"
numpy=$("$PYTHON" -I -c 'import numpy; print(numpy.get_include())')
core=$PREFIX/lib/root/lib
# What of these libraries it does not use is not linked: --as-needed is among LDFLAGS.
# shellcheck disable=SC2046,SC2086
$CXX $CPPFLAGS $CXXFLAGS $("$PREFIX/bin/root-config" --cflags) -Wno-unused-function \
    -Iroot_numpy/src -I"$(echo "$PREFIX"/include/python3.*)" -I"$numpy" \
    -shared -o "$package/_librootnumpy$("$PYTHON" -I -c \
        'import sysconfig; print(sysconfig.get_config_var("EXT_SUFFIX"))')" \
    _librootnumpy.cpp $LDFLAGS -Wl,-rpath-link,"$core" \
    $("$PREFIX/bin/root-config" --libs)

# Without the tests, which this package's own test has, and without tmva.
cp root_numpy/*.py "$package/"
cp -r root_numpy/extern "$package/"
cp root_numpy/testdata/*.py root_numpy/testdata/*.root "$package/testdata/"

# pip shall see that it is there, and leave it alone: with no list of files it removes nothing.
dist=$SP_DIR/root_numpy-$PKG_VERSION.dist-info
mkdir "$dist"
sed '/^Version:/a Requires-Dist: numpy' PKG-INFO > "$dist/METADATA"
echo conda > "$dist/INSTALLER"

# Tied to the sources' contents, not to their times, as SOURCE_DATE_EPOCH makes it.
"$PYTHON" -m compileall -q -s "$SP_DIR" "$package"
