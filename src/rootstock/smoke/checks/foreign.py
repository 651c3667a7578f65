"""Another ROOT's libraries, and another's libstdc++, do not get in.

Both stand-ins are made here: a folder on LD_LIBRARY_PATH with libraries of ROOT's names, and an
extension module that, like many a wheel's, finds libstdc++ by a RUNPATH of its own.
"""

import os
import shutil
import struct
import subprocess
import sys
from pathlib import Path

# ELF-64 (System V ABI, gABI 4): e_type, p_type, d_tag and p_flags as used below.
ET_DYN, EM_X86_64 = 3, 62
PT_LOAD, PT_DYNAMIC, PT_GNU_STACK = 1, 2, 0x6474E551
DT_NEEDED, DT_STRTAB, DT_SYMTAB, DT_STRSZ, DT_SYMENT, DT_SONAME, DT_RUNPATH = (
    *(1, 5, 6, 10, 11, 14, 29),
)
READ_WRITE = 6

# Ends where a second libstdc++ shows: in what uses regular expressions and streams.
USE_ROOT = """
import ROOT
assert ROOT.gInterpreter.Declare('''
#include <regex>
#include <sstream>
int matches(const std::string &s) {
   std::ostringstream o; o << s << 40; return std::regex_match(o.str(), std::regex("R.*T[0-9]+"));
}
''')
assert ROOT.matches("ROOT") == 1
h = ROOT.TH1D("h", "", 10, 0, 10)
h.FillRandom("pol0", 100)
assert ROOT.RDataFrame(4).Define("x", "rdfentry_ + 1.").Sum("x").GetValue() == 10
"""
LIST = """
maps = open("/proc/self/maps").read().split("\\n")
print(*sorted({line.split(maxsplit=5)[5] for line in maps if ".so" in line}), sep="\\n")
"""


def library(name: str, needed: str = "", runpath: str = "") -> bytes:
    """A shared library that holds nothing, and loads another."""
    strings = b"\0"
    entries = []
    for tag, text in ((DT_SONAME, name), (DT_NEEDED, needed), (DT_RUNPATH, runpath)):
        if text:
            entries.append((tag, len(strings)))
            strings += os.fsencode(text) + b"\0"
    headers = 64 + 3 * 56
    symbols = headers + 16 * (len(entries) + 5)
    table = symbols + 24  # one symbol, the empty one
    entries += [(DT_STRTAB, table), (DT_STRSZ, len(strings)), (DT_SYMTAB, symbols)]
    entries += [(DT_SYMENT, 24), (0, 0)]
    dynamic = b"".join(struct.pack("<QQ", *entry) for entry in entries)
    size = table + len(strings)
    elf = struct.pack(
        *("<4sBBBB8xHHIQQQIHHHHHH", b"\x7fELF", 2, 1, 1, 0, ET_DYN, EM_X86_64, 1),
        *(0, 64, 0, 0, 64, 56, 3, 64, 0, 0),
    )
    for kind, start, length in (
        (PT_LOAD, 0, size),
        (PT_DYNAMIC, headers, len(dynamic)),
        (PT_GNU_STACK, 0, 0),
    ):
        elf += struct.pack("<IIQQQQQQ", kind, READ_WRITE, start, start, start, length, length, 4096)
    return elf + dynamic + bytes(24) + strings


def run(argv: list[str], **environment: str) -> list[str]:
    """The lines that a program wrote, which has to end well and say nothing else."""
    done = subprocess.run(
        argv, env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0 and not done.stderr, (done.returncode, done.stdout, done.stderr)
    return done.stdout.split("\n")[:-1]


def python(*lines: str, **environment: str) -> list[str]:
    """The lines that a program in Python wrote."""
    return run([sys.executable, "-I", "-c", "\n".join(lines)], **environment)


prefix = os.path.realpath(sys.prefix)
here = Path.cwd()
own = f"{prefix}/lib/root/lib"

# An extension module that was loaded before ROOT, or after, has its libstdc++ from elsewhere.
(here / "system").mkdir()
shutil.copy(f"{prefix}/lib/libstdc++.so.6", "system")
Path("libextension.so").write_bytes(library("libextension.so", "libstdc++.so.6", f"{here}/system"))
extension = f"import ctypes; ctypes.CDLL({f'{here}/libextension.so'!r})"
for lines, place in (
    ((extension, USE_ROOT, LIST), f"{here}/system/"),
    ((USE_ROOT, extension, LIST), f"{prefix}/lib/"),
):
    loaded = [path for path in python(*lines) if "/libstdc++" in path]
    assert len(loaded) == 1 and loaded[0].startswith(place), loaded

# Another ROOT is on LD_LIBRARY_PATH, and ROOTSYS tells of it.
(here / "other").mkdir()
names = [path.name for path in Path(own).glob("lib*.so") if path.name != "libCore.so"]
for name in names:
    (here / "other" / name).write_bytes(library(name))
other = {"LD_LIBRARY_PATH": f"{here}/other", "ROOTSYS": str(here)}
# What is linked is found by RPATH, which beats that variable; what ROOT loads by name is not.
loaded = python(USE_ROOT, LIST, **other)
assert not [path for path in loaded if path.startswith(f"{here}/")], loaded
found = run(
    [f"{prefix}/bin/root", "-b", "-q", "-l", "-e", r'puts(gSystem->DynamicPathName("libTree"));'],
    **other,
)
assert f"{own}/libTree.so" in found, found

# What was put into the environment for that is not there for other programs to find ...
show = "import subprocess; print(subprocess.run(['env'], stdout=-1, text=True).stdout)"
for theirs in ({}, {"ROOT_LIBRARY_PATH": "/theirs"}):
    variables = dict(line.split("=", 1) for line in python(USE_ROOT, show, **theirs) if "=" in line)
    assert variables.get("ROOT_LIBRARY_PATH") == theirs.get("ROOT_LIBRARY_PATH"), variables
    assert "ROOTSTOCK_LIBRARY_PATH" not in variables, variables
# ... and what another environment has put there is replaced.
inherited = {
    "ROOT_LIBRARY_PATH": "/another/lib/root/lib:/theirs",
    "ROOTSTOCK_LIBRARY_PATH": "/another/lib/root/lib:",
}
(path,) = python("import ROOT; print(ROOT.gSystem.GetDynamicPath())", **inherited)
assert path.split(":")[:2] == [own, "/theirs"] and "/another" not in path, path
