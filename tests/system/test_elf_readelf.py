"""What core/elf.py reads of this machine's ELF files is what readelf reads of them."""

import contextlib
import os
import re
import shutil
import subprocess
import sysconfig
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from rootstock.core import elf
from rootstock.core.elf import Elf, ElfError

pytestmark = [
    pytest.mark.system,
    pytest.mark.skipif(shutil.which("readelf") is None, reason="no readelf on this machine"),
]

MOST = 150  # files of each folder
FOLDERS = ("/usr/bin", "/usr/lib", sysconfig.get_paths()["platlib"])


def some_files() -> dict[str, Elf]:
    """Some of the machine's dynamic ELF files, spread over each folder."""
    found = {}
    for folder in FOLDERS:
        there = [path for path in sorted(Path(folder).rglob("*")) if _is_elf(path)]
        for path in there[:: len(there) // MOST + 1]:
            with contextlib.suppress(ElfError):  # of another machine
                if read := elf.read(path):
                    found[str(path)] = read
    return found


def _is_elf(path: Path) -> bool:
    if path.is_symlink() or not path.is_file() or not os.access(path, os.R_OK):
        return False
    with path.open("rb") as file:
        return file.read(len(elf.MAGIC)) == elf.MAGIC


def printed(paths: Iterable[str]) -> dict[str, str]:
    """What readelf prints of files, which it names before each."""
    argv = ["readelf", "--wide", "--dynamic", "--version-info", "--program-headers", *paths]
    done = subprocess.run(argv, check=True, capture_output=True, text=True, env={"LC_ALL": "C"})
    _, *parts = re.split(r"^File: (/.*)$", done.stdout, flags=re.MULTILINE)
    return dict(zip(parts[::2], parts[1::2], strict=True))


def by_readelf(text: str) -> dict[str, Any]:
    """What readelf prints of a file, as fields of `Elf`."""
    tags: dict[str, list[str]] = {}
    for tag, value in re.findall(r"^ 0x\w+ \((\w+)\) +(.*)$", text, re.MULTILINE):
        tags.setdefault(tag, []).append(value)
    named = {tag: [one[one.index("[") + 1 : -1] for one in tags[tag] if "[" in one] for tag in tags}
    headers = re.findall(
        r"^  (LOAD|INTERP|GNU_STACK|GNU_RELRO) +(?:0x\w+ +){5}([R ][W ][E ])", text, re.MULTILINE
    )
    kinds = dict(headers)
    requires, library = [], ""
    for found in re.finditer(r"File: (\S+)  Cnt|Name: (\S+)  Flags: (.*?)  Version: \d", text):
        library = found[1] or library
        if found[2]:
            requires.append((library, found[2], "WEAK" in found[3]))
    defined = re.findall(r"Flags: .*?  Index: (\d+)  Cnt: \d+  Name: (\S+)", text)
    return {
        "program": "Elf file type is EXEC" in text or "INTERP" in kinds,
        "soname": named.get("SONAME", [""])[0],
        "needed": tuple(named.get("NEEDED", ())),
        "rpath": named.get("RPATH", [None])[0],
        "runpath": named.get("RUNPATH", [None])[0],
        "requires": tuple(requires),
        "provides": frozenset(name for index, name in defined if index != "1"),
        "executable_stack": "E" in kinds.get("GNU_STACK", "E"),
        "text_relocations": "TEXTREL" in tags or "TEXTREL" in " ".join(tags.get("FLAGS", ())),
        "writable_code": any(kind == "LOAD" and flags[1:] == "WE" for kind, flags in headers),
        "relro": "GNU_RELRO" in kinds,
    }


def test_readelf_reads_the_same_of_some_hundred_files() -> None:
    ours = some_files()
    theirs = {path: by_readelf(text) for path, text in printed(ours).items()}
    assert len(ours) > 100
    assert theirs.keys() == ours.keys()
    different = [
        (path, name, getattr(ours[path], name), value)
        for path, found in theirs.items()
        for name, value in found.items()
        if getattr(ours[path], name) != value
    ]
    assert different == []
