#!/usr/bin/env bash
# RDataFrame made from NumPy's arrays has other values than the arrays.
#
# ROOT.RDF.FromNumpy (ROOT 6.40.00, the wheel root 0.1a12) looks at where an array's bytes are, and
# neither at their order nor at a mask: a big-endian column is read byte by byte as it lies, and a
# missing value of a masked array counts. There is no warning.
#
# Seen:
#   big-endian [1, 2, 3], sum of int32: 100663296
#   masked [1, --, 3], sum: 102.0
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3.11 -m venv "$work/venv"
"$work/venv/bin/pip" --quiet install root==0.1a12 numpy==2.4.6
cat > "$work/read.py" <<'PY'
import numpy as np
import ROOT

swapped = np.array([1, 2, 3], ">i4")
total = ROOT.RDF.FromNumpy({"x": swapped}).Sum("x").GetValue()
print(f"big-endian [1, 2, 3], sum of int32: {int(total)}")
masked = np.ma.array([1.0, 98.0, 3.0], mask=[False, True, False])
total = ROOT.RDF.FromNumpy({"x": masked}).Sum("x").GetValue()
print(f"masked [1, --, 3], sum: {total}")
PY
found=$("$work/venv/bin/python" "$work/read.py" 2>/dev/null)
echo "$found"
test "$found" = "big-endian [1, 2, 3], sum of int32: 100663296
masked [1, --, 3], sum: 102.0"
