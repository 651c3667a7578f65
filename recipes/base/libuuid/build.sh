#!/bin/bash
set -euo pipefail

# These few files need none of the minutes that configuring all of util-linux takes.
have=()
for feature in ERR_H ERRX JRAND48 LIBPTHREAD NANOSLEEP NETINET_IN_H NET_IF_H \
    PROGRAM_INVOCATION_SHORT_NAME STDLIB_H SYS_FILE_H SYS_IOCTL_H SYS_SOCKET_H SYS_SYSCALL_H \
    SYS_TIME_H SYS_UN_H TLS UNISTD_H WARNX; do
    have+=("-DHAVE_$feature=1")
done
sources=(lib/{randutils,md5,sha1}.c)
for source in libuuid/src/*.c; do
    case $source in */test_*) ;; *) sources+=("$source") ;; esac
done
mkdir -p "$PREFIX"/{include/uuid,lib/pkgconfig}
# shellcheck disable=SC2086 # these are several words each
$CC -std=gnu11 $CPPFLAGS $CFLAGS -D_GNU_SOURCE "${have[@]}" \
    -D_PATH_LOCALSTATEDIR='"/var"' -D_PATH_RUNSTATEDIR='"/run"' \
    -Iinclude -Ilibuuid/src "${sources[@]}" -pthread -shared $LDFLAGS \
    -Wl,-soname,libuuid.so.1 -Wl,--version-script,libuuid/src/libuuid.sym \
    -o "$PREFIX/lib/libuuid.so.1.3.0"
ln -s libuuid.so.1.3.0 "$PREFIX/lib/libuuid.so.1"
ln -s libuuid.so.1 "$PREFIX/lib/libuuid.so"

cp libuuid/src/uuid.h "$PREFIX/include/uuid/"
sed -e "s|@prefix@|$PREFIX|; s|@usrlib_execdir@|\${prefix}/lib|" \
    -e "s|@exec_prefix@|\${prefix}|; s|@includedir@|\${prefix}/include|" \
    -e "s|@LIBUUID_VERSION@|$PKG_VERSION|; s|@SOCKET_LIBS@ ||" \
    libuuid/uuid.pc.in > "$PREFIX/lib/pkgconfig/uuid.pc"
