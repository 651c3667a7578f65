#!/bin/bash
# The headers compile with nothing of the machine's own, no stub names a newer symbol, and a
# program that is linked with the stubs sees the variables of libc.
set -euo pipefail

sysroot=$PREFIX/x86_64-conda-linux-gnu/sysroot
gcc -nostdinc -isystem "$(gcc -print-file-name=include)" -isystem "$sysroot/usr/include" \
    -DEXPECTED_MINOR="${PKG_VERSION#2.}" -Werror -fsyntax-only headers.c

for library in "$sysroot"/usr/lib64/*.so.*; do
    newest=$(readelf --version-info --wide "$library" |
        grep -oE 'GLIBC_2\.[0-9]+' | sort -Vu | tail -1)
    [ "$newest" = "GLIBC_$PKG_VERSION" ]
done

lib=$sysroot/usr/lib64
gcc -fno-pic -no-pie -nostdinc -isystem "$(gcc -print-file-name=include)" \
    -isystem "$sysroot/usr/include" -nostdlib "$lib"/{crt1,crti}.o variables.c \
    "$lib"/lib{m,c}.so.6 "$lib/libc_nonshared.a" "$lib/crtn.o" -o variables
A=b ./variables

if grep -rl 'ziglang/cache' "$sysroot"; then
    echo "these files name the folder they were made in" >&2
    exit 1
fi
