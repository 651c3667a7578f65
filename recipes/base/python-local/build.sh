#!/bin/bash
set -euo pipefail

minor=${PKG_VERSION%.*}
for folder in bin include lib; do
    if [ -d "$folder" ]; then
        mv "$folder" "$PREFIX/"
    fi
done
cd "$PREFIX"
ln -s "python$minor" bin/python3
ln -s python3 bin/python
# shellcheck disable=SC2016 # the loader replaces it
patchelf --force-rpath --set-rpath '$ORIGIN/../lib' "bin/python$minor"
mkdir -p "lib/python$minor/site-packages" lib/python3
echo "Packages that were added to this Python." > "lib/python$minor/site-packages/README.txt"
# Debian's looks for packages there.
ln -s "../python$minor/site-packages" lib/python3/dist-packages
rm -f "lib/python$minor/EXTERNALLY-MANAGED"
bin/python3 -B -m compileall -q --invalidation-mode checked-hash -s "$PREFIX" "lib/python$minor"
