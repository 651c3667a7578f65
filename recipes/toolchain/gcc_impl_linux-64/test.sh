#!/bin/bash
# Every header and every start file has to come from the prefix.
set -euo pipefail

host=x86_64-conda-linux-gnu
[ "$($host-gcc -dumpfullversion)" = "$PKG_VERSION" ]
[ "$($host-gcc -print-sysroot)" = "$PREFIX/$host/sysroot" ]
for tool in ar as ld nm objcopy objdump ranlib readelf strip gcc-ar; do
    "$host-$tool" --version > version
done

printf '#include <stdio.h>\n#include <immintrin.h>\nint main(void) { return puts("x"); }\n' > main.c
$host-gcc -H -c main.c 2> headers
grep '^\.' headers | cut -d' ' -f2 | xargs realpath > paths
if grep -v "^$PREFIX/" paths; then
    echo "these headers are not the prefix's" >&2
    exit 1
fi
grep -q "$host/sysroot/usr/include/stdio.h" paths
for file in crt1.o libc.so libm.so; do
    [ "$(realpath "$($host-gcc -print-file-name=$file)")" = \
        "$(realpath "$PREFIX/$host/sysroot/usr/lib64/$file")" ]
done
