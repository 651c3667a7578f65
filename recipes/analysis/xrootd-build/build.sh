#!/bin/bash
set -euo pipefail

# What the client loads: without what servers and XRootD's own programs have, and without pwd, a
# protocol that needs crypt(), which not every glibc has.
targets=(XrdCl XrdClProxyPlugin-6 XrdClRecorder-6 XrdCksCalczcrc32-6 XrdCryptossl-6 XrdSec-6 \
    XrdSecProt-6 XrdSecgsi-6 XrdSecsss-6 XrdSecunix-6 XrdSecztn-6)
# CMAKE_ARGS lets CMake look for libraries in PREFIX and in the compiler's own system only: without
# it Debian's would do, and with them what they bring (curl, systemd).
export CFLAGS="$CPPFLAGS $CFLAGS" CXXFLAGS="$CPPFLAGS $CXXFLAGS"
# shellcheck disable=SC2086
cmake -S . -B build $CMAKE_ARGS -DCMAKE_BUILD_TYPE=None \
    -DCMAKE_SHARED_LINKER_FLAGS="$LDFLAGS" -DCMAKE_MODULE_LINKER_FLAGS="$LDFLAGS" \
    -DXRDCL_LIB_ONLY=ON -DENABLE_PYTHON=OFF -DENABLE_KRB5=OFF -DENABLE_READLINE=OFF \
    -DENABLE_FUSE=OFF -DENABLE_VOMS=OFF -DENABLE_HTTP=OFF -DENABLE_XRDOSSARC=OFF \
    -DENABLE_TESTS=OFF
cmake --build build -j"$CPU_COUNT" --target "${targets[@]}"

mkdir -p "$PREFIX"/{include,lib}
cp -a build/lib/libXrd*.so* "$PREFIX/lib/"
cp build/src/XrdVersion.hh "$PREFIX/include/"
