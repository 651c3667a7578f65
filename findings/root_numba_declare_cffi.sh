#!/usr/bin/env bash
# ROOT.Numba.Declare imports cffi, which neither the wheel of ROOT nor Numba brings.
#
# ROOT 6.40.00 (the wheel root 0.1a12) with Numba 0.68.1. The metadata of both do not name cffi, so pip does
# not install it, and a function that Numba compiles cannot be declared. With cffi 2.1.1 it can.
#
# Seen: cffi is missing after pip install, and with it the function returns 8
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3.11 -m venv "$work/venv"
"$work/venv/bin/pip" --quiet install root==0.1a12 numpy==2.4.6 numba==0.68.1
cat > "$work/declare.py" <<'PYTHON'
import ROOT


def power(base, exponent):
    return base**exponent


ROOT.Numba.Declare(["float", "int"], "float")(power)
print(int(ROOT.gInterpreter.Calc("static_cast<int>(Numba::power(2, 3))")))
PYTHON
cd "$work"
if venv/bin/python declare.py > messages 2>&1; then exit 1; fi
grep -q "Failed to import cffi" messages
venv/bin/pip --quiet install cffi==2.1.1
[ "$(venv/bin/python declare.py 2> warnings)" = 8 ]
echo "cffi is missing after pip install, and with it the function returns 8"
