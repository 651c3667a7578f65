"""Every library and module of the environment loads, and only glibc comes from the system.

Loading one loads others, which it needs or loads itself. This binds all their symbols as well, and
does not load them again on their own.
"""

import ctypes
import os
import re
import sys
from pathlib import Path

GLIBC = re.compile(r"(ld|lib(c|m|dl|rt|util|anl|mvec|pthread|resolv|nss_\w+))(-[\w.-]+)?\.so[\d.]*")


def elf_libraries(folder: Path) -> list[Path]:
    """Return the shared libraries below a folder, each once however many links it has.

    It leaves out those of a sysroot, which are for linking only.
    """
    found = {path.resolve() for path in folder.rglob("*.so*") if path.is_file()}
    found = {path for path in found if "sysroot" not in path.parts}
    elves = [path for path in found if path.open("rb").read(4) == b"\x7fELF"]
    # Small ones often need large ones, and rarely the reverse.
    return sorted(elves, key=lambda path: (path.stat().st_size, path))


def mapped() -> set[str]:
    """Return the libraries that are mapped into this process."""
    maps = Path("/proc/self/maps").read_text()
    return {line.split(maxsplit=5)[5] for line in maps.splitlines() if ".so" in line}


def strange(path: str) -> bool:
    """Whether a library belongs neither to the environment nor to glibc."""
    return not path.startswith(f"{sys.prefix}/") and not GLIBC.fullmatch(Path(path).name)


def load(library: Path) -> tuple[str, set[str]]:
    """Load a library in another process; return its fault and the libraries that came with it."""
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        try:
            ctypes.CDLL(str(library), os.RTLD_NOW)
            came = sorted(mapped())
            fault = ", ".join(filter(strange, came))
        except OSError as error:
            came, fault = [], str(error)
        with os.fdopen(writer, "w") as pipe:
            pipe.write("\n".join((fault.replace("\n", " "), *came)))
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as pipe:
        fault, *came = pipe.read().split("\n")
    _, status = os.waitpid(child, 0)
    return fault or (f"ended with status {status}" if status else ""), set(came)


if "LD_BIND_NOW" not in os.environ:  # it only counts at the start of a program
    os.execve(sys.executable, [sys.executable, "-I", __file__], {"LD_BIND_NOW": "1", **os.environ})
os.environ["HOME"] = "."  # ROOT's library of widgets complains without it
libraries = elf_libraries(Path(sys.prefix))
assert libraries, "the environment has no libraries"
loaded: set[str] = set()
faults = {}
for library in libraries:
    if str(library) not in loaded:
        fault, came = load(library)
        if fault:
            faults[library] = fault
        else:
            loaded |= came
# A library that works with the RPATH of the file that needs it works there (h5py 3.12).
faults = {library: fault for library, fault in faults.items() if str(library) not in loaded}
assert not faults, "\n".join(f"{library}: {fault}" for library, fault in faults.items())
