#!/bin/bash
# build.sh ENVIRONMENT TOOLS: build, install and use the project beside this script, in the current
# folder, with the environment's compiler, and with CMake and ninja as pip has put them into TOOLS.
# Nothing is activated.
set -euo pipefail

environment=$1 tools=$2 source=$(dirname "$0")
program=$(echo "$tools"/lib/python3.*/site-packages/cmake/data/bin/cmake)
# It needs libstdc++, which the system has not.
cmake() {
    LD_LIBRARY_PATH=$environment/lib "$program" "$@"
}
CXX=$("$environment/bin/root-config" --cxx)
export CXX
cmake -G Ninja -S "$source" -B build -DCMAKE_BUILD_TYPE=Release \
    -DCMAKE_MAKE_PROGRAM="$tools/bin/ninja" -DCMAKE_PREFIX_PATH="$environment" \
    -DCMAKE_INSTALL_PREFIX="$PWD/installed" -DCMAKE_INSTALL_RPATH="\$ORIGIN/../lib;$environment/lib/root/lib"
cmake --build build
cmake --install build
rm -r build
installed/bin/fill events.root
"$environment/bin/python" - << 'END'
import ROOT

assert ROOT.gSystem.Load("installed/lib/libevents.so") == 0
with ROOT.TFile("events.root") as file:
    assert sum(entry.event.total() for entry in file["tree"]) == 3 * 4950
END
