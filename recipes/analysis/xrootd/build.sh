#!/bin/bash
set -euo pipefail

# The order of a set up to Python 3.10 in .pyc files.
export PYTHONHASHSEED=0
package=$SP_DIR/pyxrootd
mkdir -p "$package"
cp -r python/libs "$SP_DIR/XRootD"
cp python/src/__init__.py "$package/"
# Beside the module, as in the wheel: nothing else of an environment has files there.
cp -a "$BUILD_PREFIX"/lib/libXrd*.so* "$package/"

mkdir objects
# shellcheck disable=SC2016,SC2086 # the shell within expands it
printf '%s\n' python/src/*.cc | xargs -P "$CPU_COUNT" -I{} sh -ec \
    'source=$1; shift; "$@" -c "$source" -o "objects/$(basename "$source").o"' sh {} \
    $CXX $CPPFLAGS $CXXFLAGS -std=c++20 -w -D_FILE_OFFSET_BITS=64 \
    -Isrc -I"$BUILD_PREFIX/include" -I"$(echo "$PREFIX"/include/python3.*)"
# shellcheck disable=SC2086
$CXX -shared objects/*.o -o "$package/client$("$PYTHON" -I -c \
    'import sysconfig; print(sysconfig.get_config_var("EXT_SUFFIX"))')" \
    -L"$BUILD_PREFIX/lib" -lXrdCl -lXrdUtils $LDFLAGS

# ROOT has XRootD 5 in it, whose functions have the same names, and the linker would bind the ones to
# the others: who read root:// with ROOT and with this in one process had a segmentation fault.
# Names that are looked up while it runs, those of C, stay.
names() { "$NM" -D --defined-only "$@" | awk 'NF == 3 { sub(/@.*/, "", $3); print $3 }'; }
names "$PREFIX/lib/libstdc++.so.6" > others
names "$package"/*.so | LC_ALL=C sort -u |
    grep -E '^_Z|^((crypto|gsi|ssl|sut)Trace|XrdSysXAttr(Active|Native)|XrdSysThread_Xeq)$' |
    grep -vxFf others | sed 's/.*/& &.xrootd6/' > map
find "$package" -name '*.so*' -type f -exec patchelf --rename-dynamic-symbols map {} \;

# First their own folder, then the environment's lib, for OpenSSL.
up=$(realpath --relative-to="$package" "$PREFIX/lib")
find "$package" -name '*.so*' -type f \
    -exec patchelf --force-rpath --set-rpath "\$ORIGIN:\$ORIGIN/$up" {} +

dist=$SP_DIR/xrootd-$PKG_VERSION.dist-info
mkdir "$dist"
cp PKG-INFO "$dist/METADATA"
echo conda > "$dist/INSTALLER"
# Tied to the sources' contents, not to their times, as SOURCE_DATE_EPOCH makes it.
"$PYTHON" -m compileall -q -s "$SP_DIR" "$SP_DIR/XRootD" "$package"
# By this list Python's own tools know which modules there are.
cd "$SP_DIR"
find XRootD pyxrootd "${dist##*/}" ! -type d | LC_ALL=C sort | sed 's/$/,,/' > "$dist/RECORD"
