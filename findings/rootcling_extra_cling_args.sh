#!/usr/bin/env bash
# rootcling does not look at EXTRA_CLING_ARGS, which gives ROOT's interpreter its header folders.
#
# ROOT 6.40.00 (the wheel root 0.1a12). rootcling starts two interpreters: one with libCore, which
# takes the variable, and one that reads the headers, which does not. CPLUS_INCLUDE_PATH reaches the
# latter, too. So a system whose headers are only in EXTRA_CLING_ARGS can interpret a macro, and cannot make
# a dictionary of it.
#
# Seen: the interpreter finds the header, rootcling does not, with CPLUS_INCLUDE_PATH it does
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3.11 -m venv "$work/venv"
"$work/venv/bin/pip" --quiet install root==0.1a12 numpy==2.4.6
mkdir "$work/headers"
cd "$work"
echo 'struct Hit { double energy; };' > headers/Hit.h
printf '#include <Hit.h>\nstruct Event { Hit first; };\n' > Event.h
echo '#pragma link C++ struct Event+;' > LinkDef.h
root=$(venv/bin/python -c 'import os, ROOT; print(os.path.dirname(ROOT.__file__))' 2> warnings)
rootcling() {
    "$root/bin/rootcling" -f dictionary.cxx Event.h LinkDef.h > messages 2>&1
}
export EXTRA_CLING_ARGS="-isystem $work/headers"
venv/bin/python -c 'import ROOT; assert ROOT.gInterpreter.Declare("#include <Hit.h>")' 2> warnings
if rootcling; then exit 1; fi
grep -q "'Hit.h' file not found" messages
CPLUS_INCLUDE_PATH=$work/headers rootcling
grep -q Event dictionary.cxx
echo "the interpreter finds the header, rootcling does not, with CPLUS_INCLUDE_PATH it does"
