#!/bin/bash
set -euo pipefail

# A package for any Python keeps its modules here; installing it puts them where they belong.
mkdir -p "$PREFIX/site-packages"
unzip -q pip-*.whl -d "$PREFIX/site-packages"
cd "$PREFIX"/site-packages/pip-*.dist-info
cp licenses/LICENSE.txt "$SRC_DIR/"
# Nobody but conda, which knows what it has installed, is to remove or replace the files.
rm RECORD
echo conda > INSTALLER
