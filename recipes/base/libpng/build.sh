#!/bin/bash
set -euo pipefail

apply-debian-patches
./configure --prefix="$PREFIX" --disable-static --disable-tools
make -j"$CPU_COUNT" libpng16.la
make install-libLTLIBRARIES
# Nothing is compiled with it: what is needed for that would only make the package larger.
rm "$PREFIX"/lib/libpng16.{la,so}
