"""Every library and module of the environment loads, and from the system comes glibc only."""

import ctypes
import os
import re
import sys
from pathlib import Path

GLIBC = re.compile(r"(ld|lib(c|m|dl|rt|util|anl|mvec|pthread|resolv|nss_\w+))(-[\w.-]+)?\.so[\d.]*")
GRAFTED = re.compile(r"-[0-9a-f]{8}\.so")


def elf_libraries(folder: Path) -> list[Path]:
    """The shared libraries below a folder, each once however many links it has.

    Left out are libraries that were grafted into a wheel (their names have a hash), as they
    find each other by the RPATH of the library that needs them and are loaded with it, and
    those of a sysroot, which are for linking only.
    """
    found = {path.resolve() for path in folder.rglob("*.so*") if path.is_file()}
    found = {
        path for path in found if not GRAFTED.search(path.name) and "sysroot" not in path.parts
    }
    return sorted(path for path in found if path.open("rb").read(4) == b"\x7fELF")


def strangers() -> set[str]:
    """Libraries mapped into this process that are neither of the environment nor glibc's."""
    maps = Path("/proc/self/maps").read_text()
    mapped = {line.split(maxsplit=5)[5] for line in maps.splitlines() if ".so" in line}
    return {
        path
        for path in mapped
        if not path.startswith(f"{sys.prefix}/") and not GLIBC.fullmatch(Path(path).name)
    }


def load(library: Path) -> str:
    """What is wrong with a library, found in a process of its own."""
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        try:
            ctypes.CDLL(str(library), os.RTLD_NOW)
            fault = ", ".join(sorted(strangers()))
        except OSError as error:
            fault = str(error)
        os.write(writer, fault.encode()[:4096])
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        fault = pipe.read().decode()
    _, status = os.waitpid(child, 0)
    return fault or (f"ended with status {status}" if status else "")


os.environ["HOME"] = "."  # ROOT's library of widgets complains when there is none
libraries = elf_libraries(Path(sys.prefix))
assert libraries, "the environment has no libraries"
faults = {library: fault for library in libraries if (fault := load(library))}
assert not faults, "\n".join(f"{library}: {fault}" for library, fault in faults.items())
