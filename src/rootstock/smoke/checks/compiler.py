"""The environment's own compiler serves ROOT, on a system that has none.

root-config names it, ACLiC and a dictionary of rootcling are compiled with it, and what it links
finds the environment's libraries.
"""

import shlex
import subprocess
import sys
from pathlib import Path

import ROOT

BIN = Path(sys.prefix, "bin")

MACRO = """\
#include <TH1D.h>
#include <numeric>
#include <vector>

int compiled(int count)
{
#ifdef __CLING__
   return 2; // it was interpreted
#endif
   std::vector<double> values(count);
   std::iota(values.begin(), values.end(), 1.);
   TH1D histogram("h", "", count, 0.5, count + 0.5);
   for (double value : values)
      histogram.Fill(value, value);
   return histogram.GetSumOfWeights() == count * (count + 1) / 2 ? 0 : 1;
}
"""
HEADER = """\
#pragma once
#include <TObject.h>
#include <vector>

class Event : public TObject {
public:
   std::vector<double> energies;
   ClassDefOverride(Event, 1)
};
"""
LINKDEF = """\
#pragma link off all globals;
#pragma link off all classes;
#pragma link off all functions;
#pragma link C++ class Event+;
"""
PROGRAM = """\
#include "Event.h"
#include <TFile.h>
#include <iostream>
#include <numeric>
#include <thread>

int main()
{
   {
      TFile file("events.root", "RECREATE");
      Event event;
      std::thread([&] { event.energies = {1.5, 2.5, 3}; }).join();
      file.WriteObject(&event, "event");
   }
   TFile file("events.root");
   auto *event = file.Get<Event>("event");
   std::cout << std::accumulate(event->energies.begin(), event->energies.end(), 0.) << std::endl;
}
"""


def call(*words: "str | Path") -> str:
    """Run a program; return its standard output, without the line break at the end."""
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, (words, done.stdout, done.stderr)
    return done.stdout.strip()


compiler = call(BIN / "root-config", "--cxx")
assert compiler == str(BIN / "c++"), compiler
flags = shlex.split(call(BIN / "root-config", "--cflags"))
libraries = shlex.split(call(BIN / "root-config", "--libs"))

for name, text in (("compiled.C", MACRO), ("Event.h", HEADER), ("LinkDef.h", LINKDEF)):
    Path(name).write_text(text)

# The value of a macro becomes the exit code of the program.
printed = call(BIN / "root", "-b", "-q", "-l", "compiled.C+(100)")
assert printed.endswith("(int) 0"), printed
assert ROOT.gROOT.LoadMacro("compiled.C+") == 0
assert ROOT.compiled(10) == 0, ROOT.compiled(10)

Path("program.cxx").write_text(PROGRAM)
call(BIN / "rootcling", "-f", "dictionary.cxx", "-I.", "Event.h", "LinkDef.h")
call(compiler, *flags, "-I.", "dictionary.cxx", "program.cxx", "-o", "program", *libraries)
assert call("./program") == "7", call("./program")
