#!/bin/bash
set -euo pipefail

# A package for any Python keeps its modules here; installing it puts them where they belong.
site=$PREFIX/site-packages
dist=$site/awkward_pandas-$PKG_VERSION.dist-info
mkdir -p "$dist"
cp -r src/awkward_pandas "$site/"
cp PKG-INFO "$dist/METADATA"
echo conda > "$dist/INSTALLER"
# By this list Python's own tools know which modules there are.
cd "$site"
find awkward_pandas "${dist##*/}" ! -type d | LC_ALL=C sort | sed 's/$/,,/' > "$dist/RECORD"
