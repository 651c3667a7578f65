"""Reads a source distribution: the metadata of the package that it will be built into.

None of its code runs here. recipes/analysis/sdist/build.py builds it in the sandbox, with
setuptools. The formats are those of the core metadata and of pyproject.toml (PyPA), and those of
setuptools' `*.egg-info`.
"""

import configparser
import re
import tarfile
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from email.message import Message
from email.parser import Parser
from pathlib import Path
from typing import Any

import tomlkit
from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_name

from rootstock.core.errors import SourceError, UsageError
from rootstock.core.names import listed
from rootstock.stack import wheel
from rootstock.stack.wheel import Wheel

ENDINGS = (".tar.gz", ".zip")

_TEXT = re.compile(r"(?i)(licen[cs]es?|copying|notice)([-_.].*)?(?<!\.py)")
_LARGEST = 1 << 20  # bytes of a file that this module reads
_READ = re.compile(
    r"(PKG-INFO|pyproject\.toml|setup\.cfg"
    r"|(src/)?[^/]+\.egg-info/entry_points\.txt)"
)
_BACKENDS = ("setuptools.build_meta", "setuptools.build_meta:__legacy__")
_TOOLS = ("setuptools", "wheel")


@dataclass(frozen=True, kw_only=True)
class _Files:
    """The names of all files, and the texts of the metadata files, relative to its folder."""

    folder: str
    names: tuple[str, ...]
    texts: Mapping[str, str]

    def egg(self, name: str) -> str | None:
        """Return the text of a file that setuptools made, or None."""
        found = [text for path, text in self.texts.items() if path.endswith(f".egg-info/{name}")]
        return found[0] if found else None


def is_sdist(filename: str) -> bool:
    """Whether a file is a source distribution, by its name.

    >>> is_sdist("bud-1.0.tar.gz"), is_sdist("bud-1.0-py3-none-any.whl")
    (True, False)
    """
    return filename.endswith(ENDINGS)


def read(path: Path) -> Wheel:
    """Return the metadata of the wheel that a source distribution will be built into.

    It leaves out the requirements: only running the code would reveal them reliably, so
    ci/stack.toml lists them. Raises `SourceError` when the file cannot be read, and `UsageError`
    when its build needs more than setuptools.
    """
    try:
        files = _files(path)
        project = tomlkit.parse(files.texts.get("pyproject.toml", "")).unwrap()
        setup = _config(files.texts.get("setup.cfg", ""))
        metadata = Parser().parsestr(files.texts["PKG-INFO"])
        _require_setuptools(path, project.get("build-system", {}))
        return _wheel(files, metadata, project, setup)
    except (
        *(tarfile.TarError, zipfile.BadZipFile, EOFError, OSError, KeyError, ValueError),
        *(AttributeError, TypeError, configparser.Error),
        *(InvalidRequirement, InvalidSpecifier),
    ) as error:
        raise SourceError(
            f"{path.name} cannot be read as a source distribution: {error}"
        ) from error


def license_texts(path: Path) -> tuple[str, ...]:
    """Return the license texts of a source distribution, relative to its folder.

    It recognises them by their names, and includes those of bundled software. Raises `SourceError`
    when the file cannot be read, or has none.
    """
    try:
        found = _files(path).names
    except (tarfile.TarError, zipfile.BadZipFile, EOFError, OSError, ValueError) as error:
        raise SourceError(
            f"{path.name} cannot be read as a source distribution: {error}"
        ) from error
    texts = tuple(sorted(name for name in found if _TEXT.fullmatch(name.rpartition("/")[2])))
    if not texts:
        raise SourceError(
            f"{path.name} has no license text such as LICENSE, COPYING or NOTICE",
            "Remove license_source from ci/stack.toml. To build the package nevertheless, waive "
            "the rule licence there, with the reason.",
        )
    return texts


def _wheel(
    files: _Files,
    metadata: Message,
    project: Mapping[str, Any],
    setup: configparser.ConfigParser,
) -> Wheel:
    python = (
        metadata.get("Requires-Python", "")
        or project.get("project", {}).get("requires-python", "")
        or setup.get("options", "python_requires", fallback="")
    )
    named = metadata.get_all("License-File", [])
    return Wheel(
        name=canonicalize_name(metadata["Name"]),
        version=metadata["Version"],
        requires=(),  # ci/stack.toml has them
        requires_python=SpecifierSet(python),
        entry_points=_entry_points(files, project, setup),
        license=wheel.license_of(metadata),
        license_files=tuple(
            f"{files.folder}/{name}"
            for name in sorted(files.names)
            if name in named or ("/" not in name and wheel.LICENSE_FILE.search(name))
        ),
        summary=wheel.summary_of(metadata),
        homepage=wheel.homepage_of(metadata),
        libraries=(),
        pure=True,  # else the build is refused
        scripts=True,  # unknown without running its setup.py
    )


def _files(path: Path) -> _Files:
    names, texts, folders = [], {}, set()
    for whole, data in _members(path):
        folder, _, name = whole.removeprefix("./").partition("/")
        folders.add(folder)
        names.append(name)
        if data is not None:
            texts[name] = data.decode()
    if len(folders) != 1:
        raise ValueError("it must have exactly one folder")
    return _Files(folder=folders.pop(), names=tuple(names), texts=texts)


def _members(path: Path) -> Iterator[tuple[str, bytes | None]]:
    """Yield each file's name, and the bytes of the metadata files."""
    if path.name.endswith(".zip"):
        with zipfile.ZipFile(path) as archive:
            for entry in archive.infolist():
                if not entry.is_dir():
                    wanted = _is_read(entry.filename, entry.file_size)
                    yield entry.filename, archive.read(entry) if wanted else None
        return
    with tarfile.open(path, "r:gz") as tar:
        for member in tar:
            if member.isfile():
                file = tar.extractfile(member) if _is_read(member.name, member.size) else None
                yield member.name, file.read() if file else None


def _is_read(name: str, size: int) -> bool:
    if not _READ.fullmatch(name.removeprefix("./").partition("/")[2]):
        return False
    if size > _LARGEST:
        raise ValueError(f"{name} has more than {_LARGEST} bytes")
    return True


def _require_setuptools(path: Path, system: Mapping[str, Any]) -> None:
    backend = system.get("build-backend", _BACKENDS[-1])
    needs = {canonicalize_name(Requirement(one).name) for one in system.get("requires", [])}
    if backend not in _BACKENDS or "backend-path" in system or needs - {*_TOOLS}:
        more = f", with {listed(sorted(needs))}" if needs else ""
        raise UsageError(
            f"{path.name} is built by {backend}{more}",
            f"Rootstock builds sources with {listed(_TOOLS)} only. Write a recipe for it.",
        )


def _config(text: str) -> configparser.ConfigParser:
    found = configparser.ConfigParser(delimiters=("=",), interpolation=None, strict=False)
    found.optionxform = str  # type: ignore[assignment, method-assign]  # as the module documents it
    found.read_string(text)
    return found


def _entry_points(
    files: _Files, project: Mapping[str, Any], setup: configparser.ConfigParser
) -> tuple[str, ...]:
    """Return the programs that an installer makes. The build fails if it finds others."""
    if (text := files.egg("entry_points.txt")) is not None:
        return wheel.programs_of(text)
    own = project.get("project", {})
    named = {**own.get("scripts", {}), **own.get("gui-scripts", {})}
    if named:
        return tuple(f"{name} = {target}" for name, target in named.items())
    if setup.has_section("options.entry_points"):
        sections = setup["options.entry_points"].items()
        return wheel.programs_of("".join(f"[{name}]\n{text}\n" for name, text in sections))
    return ()
