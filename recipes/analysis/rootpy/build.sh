#!/bin/bash
set -euo pipefail

# A package for any Python keeps its modules here; installing it puts them where they belong.
mkdir -p "$PREFIX/site-packages"
cp -r rootpy "$PREFIX/site-packages/"
