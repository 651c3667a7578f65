"""Libraries of another ROOT, and another libstdc++, do not get in.

This check makes both stand-ins. One is a folder on LD_LIBRARY_PATH with libraries of ROOT's names.
The other is an extension module that finds libstdc++ by a RUNPATH of its own, as in many wheels.
"""

import json
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

# Fails where a second libstdc++ shows: in regular expressions and streams.
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
"""
# Loads every library of ROOT by its name.
LOAD = "assert not [name for name in {names!r} if ROOT.gSystem.Load(name) < 0]"
REPORT = """
import json, subprocess
maps = open("/proc/self/maps").read().split("\\n")
loaded = sorted({line.split(maxsplit=5)[5] for line in maps if ".so" in line})
path = str(ROOT.gSystem.GetDynamicPath()).split(":")
env = subprocess.run(["env"], stdout=subprocess.PIPE, text=True, check=True).stdout
print(json.dumps([loaded, path, env.split("\\n")]))
"""


def library(name: str, needed: str = "", runpath: str = "") -> bytes:
    """Return a shared library that is empty, and loads another."""
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
    """Return the lines of a program's output; it must succeed without any errors."""
    done = subprocess.run(
        argv, env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0 and not done.stderr, (done.returncode, done.stdout, done.stderr)
    return done.stdout.split("\n")[:-1]


def start(*lines: str, **environment: str) -> tuple[list[str], list[str], dict[str, str]]:
    """Run Python; return its libraries, ROOT's search path, and a child's environment."""
    output = run([sys.executable, "-I", "-c", "\n".join((*lines, REPORT))], **environment)
    loaded, path, variables = json.loads(output[-1])
    return loaded, path, dict(line.split("=", 1) for line in variables if "=" in line)


prefix = os.path.realpath(sys.prefix)
here = Path.cwd()
os.environ["HOME"] = str(here)  # ROOT 6.38's library of widgets complains when there is none
own = f"{prefix}/lib/root/lib"
(here / "system").mkdir()
shutil.copy(f"{prefix}/lib/libstdc++.so.6", "system")
Path("libextension.so").write_bytes(library("libextension.so", "libstdc++.so.6", f"{here}/system"))
extension = f"import ctypes; ctypes.CDLL({f'{here}/libextension.so'!r})"
(here / "other").mkdir()
files = sorted(Path(own).glob("lib*.so"))
for file in files:
    # RPATH finds linked libraries before LD_LIBRARY_PATH, but not those that ROOT loads by name.
    (here / "other" / file.name).write_bytes(library(file.name))
other = {"LD_LIBRARY_PATH": f"{here}/other", "ROOTSYS": str(here)}

# Beside another ROOT, and after an extension module with another libstdc++.
loaded, path, variables = start(
    extension, USE_ROOT, LOAD.format(names=[file.stem for file in files]), **other
)
assert not [name for name in loaded if name.startswith(f"{here}/other/")], loaded
libstdcxx = [name for name in loaded if "/libstdc++" in name]
assert libstdcxx == [f"{here}/system/libstdc++.so.6"], libstdcxx
assert path[0] == own, path
# Other programs do not see the variables that were set for that.
assert not {"ROOT_LIBRARY_PATH", "ROOTSTOCK_LIBRARY_PATH"} & set(variables), variables
assert variables["LD_LIBRARY_PATH"] == other["LD_LIBRARY_PATH"], variables

# Before such a module; another environment has put its path before the user's own.
inherited = {
    "ROOT_LIBRARY_PATH": "/another/lib/root/lib:/theirs",
    "ROOTSTOCK_LIBRARY_PATH": "/another/lib/root/lib:",
}
loaded, path, variables = start(USE_ROOT, extension, **inherited)
libstdcxx = [name for name in loaded if "/libstdc++" in name]
assert len(libstdcxx) == 1 and libstdcxx[0].startswith(f"{prefix}/lib/"), libstdcxx
assert path[:2] == [own, "/theirs"] and "/another/lib/root/lib" not in path, path
assert variables["ROOT_LIBRARY_PATH"] == "/theirs", variables
assert "ROOTSTOCK_LIBRARY_PATH" not in variables, variables

# The program `root` finds its own, too.
look = r'(void)puts(gSystem->DynamicPathName("libTree"));'
found = run([f"{prefix}/bin/root", "-b", "-q", "-l", "-e", look], **other)
assert f"{own}/libTree.so" in found, found
