#!/bin/bash
set -euo pipefail

for package in ./*.deb; do
    dpkg-deb -x "$package" deb
done
mkdir -p "$PREFIX/lib"
for folder in deb/lib deb/usr/lib; do
    [ ! -d $folder ] || cp -d $folder/x86_64-linux-gnu/*.so.* "$PREFIX/lib/"
done
for library in "$PREFIX"/lib/*.so.*; do
    [ -L "$library" ] || patchelf --force-rpath --set-rpath "\$ORIGIN" "$library"
done
for file in deb/usr/share/doc/*/copyright; do  # packages of one source have the same
    cp "$file" copyright
done
cp /usr/share/common-licenses/LGPL-2{,.1} .  # where the file refers to them
