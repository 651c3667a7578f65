"""Reads a wheel: its metadata, and the kinds of its files.

The format is that of the binary distribution format and of the core metadata (PyPA). This module
only reads a wheel; recipes/analysis/wheel/unpack.py installs its files.
"""

import configparser
import re
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from email.message import Message
from email.parser import Parser
from fnmatch import fnmatchcase
from pathlib import Path
from posixpath import normpath
from tempfile import TemporaryDirectory

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import InvalidWheelFilename, parse_wheel_filename

from rootstock.core import elf
from rootstock.core.errors import SourceError
from rootstock.stack import licenses

LICENSE_FILE = re.compile(r"(?i)licen[cs]e|copying|notice|copyright")
_LONGEST = 200  # letters of a summary
_MOST = 1 << 31  # bytes of all files
_HOMES = ("homepage", "source", "repository")  # labels of Project-URL, the best first
_SCRIPTS = ("console_scripts", "gui_scripts")
_MAGIC = b"\x7fELF"
# As in unpack.py: top folders that no package gets, and where folders of NAME.data go.
_TESTS = ("tests", "test")
_PLACES = {"purelib": "site-packages", "platlib": "site-packages", "data": "", "scripts": "bin"}


@dataclass(frozen=True, kw_only=True)
class Wheel:
    """The metadata of a wheel.

    `name` is that of the distribution. `libraries` are the sonames that its ELF files need and it
    lacks. It is `pure` when it has no ELF file. `files` are the paths that it installs, without
    compiled modules, below the prefix; those of its modules start with `site-packages/` instead.
    """

    name: str
    version: str
    requires: tuple[Requirement, ...]
    requires_python: SpecifierSet
    entry_points: tuple[str, ...]
    license: str
    license_files: tuple[str, ...]
    summary: str
    homepage: str
    libraries: tuple[str, ...]
    pure: bool
    scripts: bool
    files: tuple[str, ...] = ()


def read(path: Path, drop: Sequence[str] = ()) -> Wheel:
    """Read the wheel at `path`, without the files that match the shell patterns `drop`.

    Raises `SourceError` when it is not a wheel.
    """
    try:
        name, version, _, _ = parse_wheel_filename(path.name)
        with zipfile.ZipFile(path) as archive:
            return _read(archive, str(name), str(version), drop)
    except (
        *(zipfile.BadZipFile, KeyError, UnicodeDecodeError, configparser.Error, ValueError),
        *(InvalidWheelFilename, InvalidRequirement, InvalidSpecifier, EOFError, OSError),
    ) as error:
        raise SourceError(f"{path.name} cannot be read as a wheel: {error}") from error


def _read(archive: zipfile.ZipFile, name: str, version: str, drop: Sequence[str]) -> Wheel:
    files = [
        entry
        for entry in archive.infolist()
        if not entry.is_dir() and not any(fnmatchcase(entry.filename, one) for one in drop)
    ]
    if sum(entry.file_size for entry in files) > _MOST:
        raise ValueError(f"it has more than {_MOST} bytes")
    [info] = {entry.filename.split("/")[0] for entry in files if _is_metadata(entry.filename)}
    data = f"{info.removesuffix('.dist-info')}.data"
    metadata = Parser().parsestr(archive.read(f"{info}/METADATA").decode())
    binary = [entry.filename for entry in files if archive.open(entry).read(4) == _MAGIC]
    return Wheel(
        name=name,
        version=version,
        requires=tuple(map(Requirement, metadata.get_all("Requires-Dist", []))),
        requires_python=SpecifierSet(metadata.get("Requires-Python", "")),
        entry_points=_entry_points(archive, info),
        license=license_of(metadata),
        license_files=tuple(
            sorted(
                entry.filename
                for entry in files
                if entry.filename.startswith(f"{info}/")
                and LICENSE_FILE.search(entry.filename.rpartition("/")[2])
            )
        ),
        summary=summary_of(metadata),
        homepage=homepage_of(metadata),
        libraries=_libraries(archive, binary),
        pure=not binary,
        scripts=any(f"{data}/scripts/" in entry.filename for entry in files),
        files=tuple(sorted(_installed((entry.filename for entry in files), info))),
    )


def _installed(filenames: Iterable[str], info: str) -> Iterator[str]:
    """Yield where unpack.py puts files of a wheel; it makes compiled modules anew."""
    distribution = info.removesuffix(".dist-info")
    places = {**_PLACES, "headers": f"include/{distribution.rpartition('-')[0]}"}
    for filename in filenames:
        top, _, rest = filename.partition("/")
        if top in _TESTS or "__pycache__/" in filename or filename.startswith(f"{info}/RECORD"):
            continue
        if top != f"{distribution}.data":
            yield f"site-packages/{filename}"
        else:
            kind, _, rest = rest.partition("/")
            yield normpath(f"{places[kind]}/{rest}").lstrip("/")


def license_of(metadata: Message) -> str:
    """Return the SPDX expression of the license in core metadata, or an empty text."""
    return licenses.of(
        metadata.get("License-Expression", ""),
        metadata.get("License", ""),
        metadata.get_all("Classifier", []),
    )


def summary_of(metadata: Message) -> str:
    """Return the summary in core metadata, in one line."""
    return " ".join(metadata.get("Summary", "").split())[:_LONGEST]


def homepage_of(metadata: Message) -> str:
    """Return the address of the project's homepage in core metadata, or an empty text."""
    homes = dict(one.split(", ", 1) for one in metadata.get_all("Project-URL", []) if ", " in one)
    homes = {key.lower(): value for key, value in homes.items()}
    # The labels of PEP 753 come before the older field, which is often stale.
    named = next((homes[label] for label in _HOMES if label in homes), "")
    return named or str(metadata.get("Home-page", ""))


def _is_metadata(filename: str) -> bool:
    return filename.endswith(".dist-info/METADATA") and filename.count("/") == 1


def _entry_points(archive: zipfile.ZipFile, info: str) -> tuple[str, ...]:
    try:
        return programs_of(archive.read(f"{info}/entry_points.txt").decode())
    except KeyError:
        return ()


def programs_of(text: str) -> tuple[str, ...]:
    """Return the programs in an entry_points.txt, as in recipes: NAME = MODULE:FUNCTION.

    Raises `configparser.Error` when it is invalid.
    """
    found = configparser.ConfigParser(delimiters=("=",), interpolation=None)
    found.optionxform = str  # type: ignore[assignment, method-assign]  # as the module documents it
    found.read_string(text)
    return tuple(
        f"{name} = {target.split('[')[0].strip()}"
        for section in _SCRIPTS
        if found.has_section(section)
        for name, target in found[section].items()
    )


def _libraries(archive: zipfile.ZipFile, binary: list[str]) -> tuple[str, ...]:
    needed: set[str] = set()
    own = {name.rpartition("/")[2] for name in archive.namelist()}
    with TemporaryDirectory() as folder:
        for name in binary:
            place = Path(folder, "file")
            with archive.open(name) as packed, place.open("wb") as file:
                while chunk := packed.read(1 << 20):
                    file.write(chunk)
            with suppress(elf.ElfError):  # of another architecture; the audit reports it
                if found := elf.read(place):
                    needed.update(found.needed)
    return tuple(sorted(needed - own))
