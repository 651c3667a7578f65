#!/bin/bash
set -euo pipefail

apply-debian-patches
# What conda-forge's package of this name can do, so that either can serve the other's users.
options=(
    -DSQLITE_ENABLE_COLUMN_METADATA=1 -DSQLITE_ENABLE_DBSTAT_VTAB=1
    -DSQLITE_ENABLE_FTS3_TOKENIZER=1 -DSQLITE_ENABLE_MATH_FUNCTIONS=1
    -DSQLITE_ENABLE_UNLOCK_NOTIFY=1 -DSQLITE_SECURE_DELETE
    -DSQLITE_MAX_EXPR_DEPTH=10000 -DSQLITE_MAX_VARIABLE_NUMBER=250000
)
CPPFLAGS="$CPPFLAGS ${options[*]}" ./configure --prefix="$PREFIX" \
    --disable-static --disable-tcl --disable-readline --enable-threadsafe --enable-load-extension \
    --enable-fts4 --enable-fts5 --enable-rtree --enable-geopoly
make lib_install sqlite3.h sqlite3.pc
rm "$PREFIX/lib/libsqlite3.la"

mkdir -p "$PREFIX"/{include,lib/pkgconfig}
cp sqlite3.h src/sqlite3ext.h "$PREFIX/include/"
cp sqlite3.pc "$PREFIX/lib/pkgconfig/"
