#!/bin/bash
# The compiler is called by its path, with no variable that an activation would have set. All that
# it runs, reads and links is the environment's, and programs run where glibc is 2.28.
set -euo pipefail

# shellcheck disable=SC2153 # the builder sets it
prefix=$(realpath "$PREFIX")
run() {
    env -i PATH=/usr/bin:/bin "$prefix/bin/$1" "${@:2}"
}

[ "$(run gcc -dumpfullversion)" = "$PKG_VERSION" ]
for part in as ld cc1 collect2 lto1; do
    realpath "$(run gcc -print-prog-name=$part)" | grep "^$prefix/"
done
run gcc -H -c test.c 2> headers
grep '^\.' headers | cut -d' ' -f2 | xargs realpath > paths
if grep -v "^$prefix/" paths; then
    echo "these headers are not the environment's" >&2
    exit 1
fi

run gcc -O2 -flto -fopenmp -ffat-lto-objects -Wl,--trace test.c -o program -lz -lm -latomic > linked
tr -d '()' < linked | sed 's/^[^/]* //' | grep ^/ | xargs realpath > paths
if grep -v -e "^$prefix/" -e '^/tmp/' paths; then
    echo "these files are not the environment's" >&2
    exit 1
fi
./program
ldd program > loaded
for library in libgomp.so.1 libz.so.1; do
    grep -q "$library => $prefix/lib/" loaded
done
readelf --version-info --wide program > versions
if grep -oE 'GLIBC_2\.[0-9]+' versions | sort -Vu | grep -vE '_2\.([0-9]|1[0-9]|2[0-8])$'; then
    echo "the program needs a newer glibc" >&2
    exit 1
fi

# The user's folders come before the environment's: that of headers, of libraries, and the RPATH's.
mkdir -p own
echo '#error the header of the user' > own/zlib.h
if run gcc -Iown -c test.c 2> errors; then exit 1; fi
grep -q 'the header of the user' errors
echo 'const char *zlibVersion(void) { return "own"; }' | run gcc -x c - -shared -o own/libz.so
run gcc -fopenmp test.c -o program -Lown -Wl,-rpath,/own -lz -lm -latomic
readelf --dynamic program | grep "RPATH.*\[/own:$prefix/lib\]"

# Archives of object files for -flto are read by ar and nm as they are.
run gcc -flto -c test.c -o lto.o
run ar rc liblto.a lto.o
run nm liblto.a | grep -q 'T main'
run gcc -flto -fopenmp liblto.a -o program -lz -lm -latomic
./program
