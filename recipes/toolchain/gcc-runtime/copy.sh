#!/bin/bash
# This package's share of what was built.
set -euo pipefail

cd "$BUILD_PREFIX"
# FILES are patterns, divided by blanks.
# shellcheck disable=SC2086
cp -a --parents $FILES "$PREFIX/"
cp share/licenses/gcc-runtime/* "$SRC_DIR/"
