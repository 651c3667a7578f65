# Sourced when an environment with the C compiler is activated, by shells of any kind and with
# any options. In a build, PREFIX is where the package's dependencies are; elsewhere there is
# only the environment itself.
_prefix="${PREFIX:-$CONDA_PREFIX}"

export HOST=x86_64-conda-linux-gnu
export BUILD=x86_64-conda-linux-gnu
export CONDA_BUILD_SYSROOT="$CONDA_PREFIX/$HOST/sysroot"

for _tool in addr2line ar as ld nm objcopy objdump ranlib readelf size strings strip; do
    export "$(echo $_tool | tr '[:lower:]' '[:upper:]')=$HOST-$_tool"
done
export GCC="$HOST-gcc" CC="$HOST-cc" CPP="$HOST-cpp" CC_FOR_BUILD="$HOST-cc"
export GCC_AR="$HOST-gcc-ar" GCC_NM="$HOST-gcc-nm" GCC_RANLIB="$HOST-gcc-ranlib"

# Nothing of the machine a package was built on may end up in it.
_map=
if [ -n "${SRC_DIR:-}" ]; then
    _map="-ffile-prefix-map=$SRC_DIR=/usr/src/${PKG_NAME:-package}-${PKG_VERSION:-0}"
    _map="$_map -ffile-prefix-map=$_prefix=/usr -ffile-prefix-map=${BUILD_PREFIX:-$CONDA_PREFIX}=/usr"
fi
export CPPFLAGS="-DNDEBUG -D_FORTIFY_SOURCE=2 -O2 -isystem $_prefix/include"
export CFLAGS="-O2 -fPIC -fstack-protector-strong -fno-plt -pipe -isystem $_prefix/include${_map:+ $_map}"
# -s: no package has symbols for debuggers.
export LDFLAGS="-Wl,-s -Wl,--as-needed -Wl,--disable-new-dtags -Wl,-z,relro -Wl,-rpath,$_prefix/lib -Wl,-rpath-link,$_prefix/lib -L$_prefix/lib"
export DEBUG_CFLAGS="$CFLAGS -Og -g"

export PKG_CONFIG_LIBDIR="$_prefix/lib/pkgconfig:$_prefix/share/pkgconfig"
export CMAKE_ARGS="-DCMAKE_BUILD_TYPE=Release -DCMAKE_INSTALL_PREFIX=$_prefix -DCMAKE_INSTALL_LIBDIR=lib -DCMAKE_FIND_ROOT_PATH=$_prefix;$CONDA_BUILD_SYSROOT -DCMAKE_FIND_ROOT_PATH_MODE_PROGRAM=NEVER -DCMAKE_FIND_ROOT_PATH_MODE_LIBRARY=ONLY -DCMAKE_FIND_ROOT_PATH_MODE_INCLUDE=ONLY -DCMAKE_FIND_ROOT_PATH_MODE_PACKAGE=ONLY -DCMAKE_AR=$CONDA_PREFIX/bin/$HOST-ar -DCMAKE_RANLIB=$CONDA_PREFIX/bin/$HOST-ranlib -DCMAKE_STRIP=$CONDA_PREFIX/bin/$HOST-strip"

unset _prefix _tool _map
