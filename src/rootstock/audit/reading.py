"""What the audit reads of the files of a package, each once."""

import hashlib
import mmap
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from rootstock.audit.text import Data, may_leak
from rootstock.audit.unpacked import UnpackedPackage
from rootstock.core import elf as elf_format
from rootstock.core import process
from rootstock.core.elf import Elf, ElfError


@dataclass(frozen=True, kw_only=True)
class FileRead:
    """What was read of a file: its size in bytes, its sha256, and what a dynamic linker reads.

    `elf` is None when the dynamic linker does not handle it, and `damage` says why it could not be
    read. `suspect` is true when it may contain a path of the build.
    """

    size: int
    sha256: str
    elf: Elf | None
    damage: str
    suspect: bool


def read(data: Data) -> FileRead:
    """Read the content of a file."""
    process.raise_if_interrupted()
    elf, damage = None, ""
    try:
        elf = elf_format.parse(data)
    except ElfError as error:
        damage = str(error)
    return FileRead(
        size=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
        elf=elf,
        damage=damage,
        suspect=may_leak(data),
    )


def read_file(path: Path) -> FileRead:
    """Read a file."""
    with path.open("rb") as file:
        if path.stat().st_size == 0:  # which cannot be mapped
            return read(b"")
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            return read(data)


def read_all(package: UnpackedPackage) -> Mapping[str, FileRead]:
    """Read the files of an unpacked package, by path."""
    return {name: read_file(path) for name, path in package.files.items()}
