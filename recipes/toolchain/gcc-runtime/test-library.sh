#!/bin/bash
# test-library.sh LIBRARY: it loads, runs on an old glibc, and offers exactly the symbols of
# the image's own library of that version.
set -euo pipefail

library=$1
python3 -c "import ctypes, sys; ctypes.CDLL(sys.argv[1])" "$PREFIX/lib/$library"

readelf --version-info --wide "$PREFIX/lib/$library" > versions
if grep -oE 'GLIBC_2\.[0-9]+' versions | sort -Vu | grep -vE '_2\.([0-9]|1[0-7])$'; then
    echo "$library needs a newer glibc" >&2
    exit 1
fi

exports() {
    readelf --dyn-syms --wide "$1" | awk '$5 ~ /GLOBAL|WEAK|UNIQUE/ && $7 != "UND" { print $8 }' | sort -u
}
exports "$PREFIX/lib/$library" > ours
# Without a Fortran compiler libgomp lacks the Fortran names of OpenACC, as acc_wait_h_.
exports "$(gcc -print-file-name="$library")" | sed '/^acc_.*_h_@/d' > images
test -s ours
diff ours images
