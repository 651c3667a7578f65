#!/bin/bash
set -euo pipefail

dpkg-deb -x ./*.deb deb
mkdir -p "$PREFIX/lib"
cp -d deb/usr/lib/x86_64-linux-gnu/*.so.* "$PREFIX/lib/"
for library in "$PREFIX"/lib/*.so.*; do
    [ -L "$library" ] || patchelf --force-rpath --set-rpath "\$ORIGIN" "$library"
done
cp deb/usr/share/doc/*/copyright .
