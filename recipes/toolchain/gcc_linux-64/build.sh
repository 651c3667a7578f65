#!/bin/bash
set -euo pipefail

mkdir -p "$PREFIX/etc/conda/activate.d"
cp "$RECIPE_DIR/activate-$LANGUAGE.sh" "$PREFIX/etc/conda/activate.d/activate-${LANGUAGE}_linux-64.sh"
cp "$RECIPE_DIR/LICENSE" .
