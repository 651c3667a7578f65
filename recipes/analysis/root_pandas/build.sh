#!/bin/bash
set -euo pipefail

# A package for any Python keeps its modules here; installing it puts them where they belong.
site=$PREFIX/site-packages
dist=$site/root_pandas-$PKG_VERSION.dist-info
mkdir -p "$dist"
cp -r root_pandas "$site/"
# pip shall see that it is there, and leave it alone: with no list of files it removes nothing.
sed '/^Version:/a Requires-Dist: numpy\nRequires-Dist: pandas\nRequires-Dist: root_numpy' \
    PKG-INFO > "$dist/METADATA"
echo conda > "$dist/INSTALLER"
