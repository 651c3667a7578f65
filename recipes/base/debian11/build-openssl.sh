#!/bin/bash
set -euo pipefail

bash "$RECIPE_DIR/build.sh"
# The host's settings there may be for OpenSSL 3, which this one reads as errors. A name of the same
# length is written over the old one.
LC_ALL=C sed -i 's|/usr/lib/ssl|/nonexistent|g' "$PREFIX/lib/libcrypto.so.1.1"
