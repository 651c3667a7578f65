#!/bin/bash
set -euo pipefail

# It runs with the image's own Python, and so from a folder of its own.
mkdir -p "$PREFIX/share/setuptools-build"
unzip -q setuptools-*.whl -d "$PREFIX/share/setuptools-build"
# Windows' programs, which start what setuptools installs there.
rm -f "$PREFIX"/share/setuptools-build/setuptools/*.exe
cp "$PREFIX"/share/setuptools-build/setuptools-"$PKG_VERSION".dist-info/licenses/LICENSE "$SRC_DIR/"
