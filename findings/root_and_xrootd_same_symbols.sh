#!/usr/bin/env bash
# ROOT and XRootD's Python client bring two versions of XRootD that define the same symbols.
#
# ROOT 6.40.00 (the wheel root 0.1a12) has libXrdCl.so.3 of XRootD 5, the wheel xrootd 6.2.1 has
# libXrdCl.so.6. The names of the files differ, those of their functions and variables mostly do
# not, and neither library gives them versions. In a process that has ROOT's for all to see, the
# client's calls are bound to ROOT's functions, whose classes have another layout. uproot opens
# root:// with the client.
#
# Seen: 2242 of 2728 symbols of libXrdCl.so.6 are in libXrdCl.so.3 as well, 0 have a version
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3.11 -m pip --quiet download --no-deps --python-version 3.11 --only-binary :all: \
    --platform manylinux_2_28_x86_64 root==0.1a12 xrootd==6.2.1
for wheel in *.whl; do
    python3.11 -m zipfile -e "$wheel" "${wheel%%-*}"
done
symbols() { nm -D --defined-only "$1" | awk 'NF == 3 { print $3 }' | LC_ALL=C sort -u; }
symbols "$(find root -name 'libXrdCl*.so.3*' | head -n 1)" > five
symbols "$(find xrootd -name 'libXrdCl*.so.6*' | head -n 1)" > six
both=$(LC_ALL=C comm -12 five six | wc -l)
versions=$(awk '/@/' five six | wc -l)
echo "$both of $(wc -l < six) symbols of libXrdCl.so.6 are in libXrdCl.so.3 as well, $versions have a version"
test "$both" -gt 1000
test "$versions" -eq 0
