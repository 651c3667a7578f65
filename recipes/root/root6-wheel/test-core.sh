#!/bin/bash
# The prefix is used as it is, with no variable that an activation would have set.
set -euo pipefail

root() {
    env -i PATH=/usr/bin:/bin HOME=/tmp "$PREFIX/bin/root" -l -b -q "$@" 2>&1
}

echo 'Nothing may be printed at the start, and the headers are the environment'"'"'s.'
test -z "$(root)"
cat > headers.C <<'C'
#include <map>
#include <pwd.h>
#include <regex>
#include <sys/socket.h>
#include <unistd.h>
int headers() {
   TH1D h("h", "h", 100, -4, 4);
   h.FillRandom("gaus", 10000);
   h.Fit("gaus", "QN");
   std::map<int, int> m{{1, 2}};
   return std::regex_match("ROOT", std::regex("R.*T")) && getpid() && m[1] == 2 ? 0 : 1;
}
C
root headers.C | grep -x '(int) 0'
test "$("$PREFIX/bin/root-config" --prefix)" = "$(readlink -f "$PREFIX")/lib/root"

echo 'The package root_cxx_standard says as which C++ ROOT was compiled.'
standard=$("$PREFIX/bin/root-config" --cflags | grep -o 'std=c++[0-9]*')
ls "$PREFIX"/conda-meta/root_cxx_standard-"${standard#std=c++}"-*.json
