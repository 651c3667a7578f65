#!/bin/bash
# A glibc sysroot for GNU gcc and ld out of Zig's wheel.
set -euo pipefail

minor=${PKG_VERSION#2.}
sysroot=$PREFIX/x86_64-conda-linux-gnu/sysroot
include=$sysroot/usr/include
lib=$sysroot/usr/lib64
mkdir -p "$include" "$lib"
ln -s lib64 "$sysroot/usr/lib"
ln -s usr/lib64 "$sysroot/lib64"
ln -s usr/lib64 "$sysroot/lib"

cd "$SRC_DIR"
unzip -q ziglang-*.whl 'ziglang/zig' 'ziglang/lib/*'
libc=ziglang/lib/libc

# ---- Libraries. Zig writes the stubs and start files of the glibc it links a program with.
cd ziglang
chmod +x zig
echo 'int main(void) { return 0; }' > main.c
export ZIG_GLOBAL_CACHE_DIR=$PWD/cache ZIG_LOCAL_CACHE_DIR=$PWD/cache
# Its self-hosted linker and no runtime checks: nothing but glibc's parts has to be compiled.
./zig build-exe -target "x86_64-linux-gnu.$PKG_VERSION" -lc -fPIE -fno-compiler-rt -fno-ubsan-rt \
    -fno-llvm -fno-lld -femit-bin=main main.c

made() {
    find cache/o -name "$1"
}
for so in libpthread.so.0 libdl.so.2 librt.so.1 libutil.so.1 libresolv.so.2; do
    cp "$(made $so)" "$lib/"
done
cp "$(made libld.so.2)" "$lib/ld-linux-x86-64.so.2"

# A program that is not position independent has its own copy of a variable of libc. ld makes the
# weak names of the variable names of that copy, too. Zig's stubs have no weak names.
cp "$(made c.s)" "$(made m.s)" "$(made all.map)" .
while read -r since part weak strong; do
    [ "$minor" -lt "$since" ] || sed -Ei "s/^\.globl ($weak)$/.weak \1/
        s/^($weak): \.fill .*/.set \1, $strong/" "$part.s"
done << 'END'
17 c environ_2_2_5 __environ_2_2_5
17 c _environ_2_2_5 __environ_2_2_5
17 c daylight_2_2_5 __daylight_2_2_5
17 c timezone_2_2_5 __timezone_2_2_5
17 c tzname_2_2_5 __tzname_2_2_5
17 c program_invocation_short_name_2_2_5 __progname_2_2_5
17 c program_invocation_name_2_2_5 __progname_full_2_2_5
23 m signgam_2_2_5 __signgam_2_23
END
# In .rodata, a directive that GNU as does not have, is a reference to a symbol of start files, which
# no libc has.
sed -i -e '/_IO_stdin_used/d' -e 's/^\.rodata$/.data/' c.s m.s
for part in c m; do
    as -o $part.o $part.s
    # LD_RUN_PATH is for the packages' own libraries.
    env -u LD_RUN_PATH ld -s -shared -z now -z noexecstack -soname lib$part.so.6 \
        --version-script all.map -o "$lib/lib$part.so.6" $part.o
done

# They are otherwise the same in every build, but name the folder they were made in.
strip -g "$lib"/*.so.*

# The position independent start file serves other programs as well.
cp "$(made Scrt1.o)" "$lib/"
ln -s Scrt1.o "$lib/crt1.o"
# Zig's archive names its members by the paths they have in its cache.
ar t "$(made libc_nonshared.a)" | LC_ALL=C sort -t/ -k4 > members
xargs ar rcsD "$lib/libc_nonshared.a" < members
strip -g -D "$lib/libc_nonshared.a" "$lib/Scrt1.o"

# Zig needs neither crti.o nor crtn.o, the two ends of _init and _fini.
as -o "$lib/crti.o" - << 'END'
    .section .init, "ax", @progbits
    .globl _init
    .hidden _init
    .type _init, @function
_init:
    subq $8, %rsp
    .section .fini, "ax", @progbits
    .globl _fini
    .hidden _fini
    .type _fini, @function
_fini:
    subq $8, %rsp
    .section .note.GNU-stack, "", @progbits
END
as -o "$lib/crtn.o" - << 'END'
    .section .init, "ax", @progbits
    addq $8, %rsp
    ret
    .section .fini, "ax", @progbits
    addq $8, %rsp
    ret
    .section .note.GNU-stack, "", @progbits
END

cat > "$lib/libc.so" << 'END'
OUTPUT_FORMAT(elf64-x86-64)
GROUP ( libc.so.6 libc_nonshared.a AS_NEEDED ( ld-linux-x86-64.so.2 ) )
END
for so in m.so.6 pthread.so.0 dl.so.2 rt.so.1 util.so.1 resolv.so.2; do
    ln -s "lib$so" "$lib/lib${so%%.*}.so"
done

# ---- Headers. A later folder's files replace an earlier one's, as in Zig's search order.
cd "$SRC_DIR"
for folder in any-linux-any x86-linux-any generic-glibc x86-linux-gnu; do
    cp -r "$libc/include/$folder/." "$include/"
done

# Zig defines __GLIBC_MINOR__ on its command line. Its headers test it from here on.
sed -i "s/^#define\t_FEATURES_H\t1\$/&\n#define __GLIBC_MINOR__ $minor/" "$include/features.h"
grep -q "^#define __GLIBC_MINOR__ $minor\$" "$include/features.h"

# Headers of a newer glibc would be found by __has_include, and those of other machines and
# of functions glibc gave up only say #error.
while read -r since header; do
    [ "$minor" -ge "$since" ] || rm -r "${include:?}/$header"
done << 'END'
25 sys/random.h
28 threads.h
32 sys/single_threaded.h
33 sys/platform
35 sys/rseq.h
35 bits/rseq.h
36 sys/pidfd.h
39 stdbit.h
99 finclude
99 regexp.h
99 sgidefs.h
99 regdef.h
99 fpregdef.h
99 sys/asm.h
99 sys/cachectl.h
99 sys/fpregdef.h
99 sys/regdef.h
99 sys/sysmips.h
99 sys/tas.h
END

# libgcc takes these macros for a sign of _dl_find_object (2.35), and would be left with an
# undefined symbol.
[ "$minor" -ge 35 ] || sed -i 's/^# *define DLFO_.*//' "$include/bits/dl_find_object.h"

# With -ffast-math gcc would call the vector functions of libmvec, for which there is no stub.
cat > "$include/bits/math-vector.h" << 'END'
#ifndef _MATH_H
# error "Never include <bits/math-vector.h> directly; include <math.h> instead."
#endif
#include <bits/libm-simd-decl-stubs.h>
END

mkdir licenses
cp "$libc/glibc/LICENSES" /usr/share/common-licenses/{LGPL-2.1,GPL-2} licenses/
