#!/usr/bin/env bash
# In a column of awkward-pandas, a row that is missing has the last row's value.
#
# pandas marks with -1 what a merge, reindex or concat finds no row for, and asks an extension array
# to put nothing there (ExtensionArray.take with allow_fill). awkward-pandas 2023.8.0, with pandas
# 3.1.1 and awkward 2.14.0, takes -1 for the last row. uproot makes such columns with library="pd".
#
# Seen: reindexed [[1, 2], [3]], merged [[1, 2], [3]]
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3.11 -m venv "$work/venv"
"$work/venv/bin/pip" --quiet install awkward-pandas==2023.8.0 awkward==2.14.0 pandas==3.1.1
cat > "$work/missing.py" <<'PY'
import awkward_pandas
import pandas as pd

lists = [[1, 2], [], [3]]
frame = pd.DataFrame({"n": [0, 1, 2], "x": awkward_pandas.AwkwardExtensionArray(lists)})
reindexed = frame.reindex([0, 7])["x"].tolist()
left = pd.DataFrame({"n": [0, 7]})
merged = left.merge(frame, on="n", how="left")["x"].tolist()
print(f"reindexed {reindexed}, merged {merged}")
# There is no row 7, and none with n == 7.
assert reindexed == [[1, 2], [3]]
assert merged == [[1, 2], [3]]
PY
"$work/venv/bin/python" "$work/missing.py"
