#!/bin/bash
set -euo pipefail

unzip -q tzdata-*.whl
cp -r tzdata-*.dist-info/licenses licenses
find tzdata/zoneinfo -name '*.py' -delete
mkdir -p "$PREFIX/share"
cp -r tzdata/zoneinfo "$PREFIX/share/"
