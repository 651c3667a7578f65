"""Resolves a set: finds its wheels for one exact Python, with uv.

Each Python is resolved on its own, for its exact version. A resolution for all Pythons at once
combines packages that do not work together, and some packages require 3.11.5. uv takes the packages
from the index that pip is configured for.
"""

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from types import MappingProxyType

import tomlkit
from packaging import pylock, tags
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from rootstock.core import process
from rootstock.core.errors import SourceError, UsageError
from rootstock.stack.specs import environment

_FLOOR = (2, 28)  # ROOT's own wheels require this glibc (PEP 600: manylinux_2_28)
_PLATFORM = "x86_64-manylinux_2_28"
_SHOWN = 30  # lines of uv's error message


@dataclass(frozen=True, kw_only=True)
class Resolved:
    """A file that a set needs: a wheel, or a source distribution where there is no wheel."""

    project: str
    version: str
    file: str
    sha256: str
    size: int
    released: date


def resolve(
    packages: Sequence[Requirement],
    constraints: Mapping[str, SpecifierSet],
    python: str,
    *,
    uv: Path,
    folder: Path,
    sources: Mapping[str, Sequence[Requirement]] = MappingProxyType({}),
    known: str = "",
    upgrade: Sequence[str] | None = None,
    alone: bool = False,
) -> list[Resolved]:
    """Return the files that `packages` need on an exact Python.

    `sources` are the projects that come as source distributions, each with its requirements.
    `known` is an earlier lock of uv: its versions stay unless they no longer fit, or are in
    `upgrade` (None: all). `folder` is for temporary files. `alone` leaves out the dependencies of
    each package.

    Raises `UsageError` with uv's reason when there is no resolution.
    """
    asked, bounds, settings = folder / "asked.in", folder / "bounds.txt", folder / "uv.toml"
    made = folder / "pylock.toml"
    asked.write_text("".join(f"{one}\n" for one in packages))
    bounds.write_text("".join(f"{name}{spec}\n" for name, spec in constraints.items() if str(spec)))
    settings.write_text(settings_of(sources))
    if known:
        made.write_text(known)
    words: list[str | Path] = [
        uv,
        "pip",
        "compile",
        asked,
        "--constraint",
        bounds,
        "--output-file",
        made,
        "--quiet",
    ]
    words += ["--python-version", python, "--python-platform", _PLATFORM]
    words += ["--config-file", settings]  # which excludes all other files
    words += ["--format", "pylock.toml", "--no-header", "--python", sys.executable]
    words += ["--only-binary", ":all:"]
    for one in sources:
        words += ["--no-binary", one]
    if alone:
        words += ["--no-deps"]
    if upgrade is None:
        words += ["--upgrade"]
    for one in upgrade or ():
        words += ["--upgrade-package", one]
    done = process.run(words, env={**os.environ, **pip_index()}, timeout=600)
    if done.code:
        reason = "\n".join(f"    {line}" for line in done.output.strip().splitlines()[:_SHOWN])
        raise UsageError(
            f"these packages cannot be installed together for Python {python}:\n{reason}",
            "Change the set, or bound a package's version, in ci/stack.toml.",
        )
    return read(made.read_text(), python)


def as_known(versions: Mapping[str, str]) -> str:
    """A lock (PEP 751) with versions only, which uv keeps."""
    packages = [{"name": name, "version": version} for name, version in versions.items()]
    whole = {"lock-version": "1.0", "created-by": "rootstock", "packages": packages}
    return tomlkit.dumps(whole) if packages else ""


def settings_of(sources: Mapping[str, Sequence[Requirement]]) -> str:
    """A uv.toml with the requirements of source distributions, so that uv builds none."""
    metadata = [
        {"name": name, "requires-dist": [str(one) for one in requires]}
        for name, requires in sources.items()
    ]
    return tomlkit.dumps({"dependency-metadata": metadata}) if metadata else ""


def read(text: str, python: str) -> list[Resolved]:
    """Return the files that a lock (PEP 751) has for an exact Python, sorted by project."""
    try:
        lock = pylock.Pylock.from_dict(tomlkit.parse(text).unwrap())
        chosen = list(lock.select(environment=environment(python), tags=list(_tags(python))))  # type: ignore[arg-type]
    except (ValueError, pylock.PylockValidationError, pylock.PylockSelectError) as error:
        raise SourceError(f"uv's lock for Python {python} cannot be read: {error}") from error
    found = []
    for package, file in chosen:
        if not isinstance(file, pylock.PackageWheel | pylock.PackageSdist):
            raise SourceError(f"{package.name} is neither a wheel nor a source distribution")
        if file.size is None or file.upload_time is None or package.version is None:
            raise SourceError(
                f"the package index does not give the size and the date of {package.name}",
                "The index must serve the fields of PEP 700, as the public index does.",
            )
        found.append(
            Resolved(
                project=str(package.name),
                version=str(package.version),
                file=file.filename,
                sha256=str(file.hashes["sha256"]),
                size=file.size,
                released=file.upload_time.date(),
            )
        )
    return sorted(found, key=lambda one: one.project)


def _tags(python: str) -> "Sequence[tags.Tag]":
    major, minor, *_ = map(int, python.split("."))
    floors = [f"manylinux_2_{n}_x86_64" for n in range(_FLOOR[1], 4, -1)]
    old = {17: "manylinux2014_x86_64", 12: "manylinux2010_x86_64", 5: "manylinux1_x86_64"}
    platforms = [*floors, *old.values(), "linux_x86_64"]
    version = (major, minor)
    return [
        *tags.cpython_tags(version, [f"cp{major}{minor}"], platforms),
        *tags.compatible_tags(version, f"cp{major}{minor}", platforms),
    ]


def pip_index() -> dict[str, str]:
    """Return uv's variables for pip's index: uv does not read pip's files."""
    if any(name in os.environ for name in ("UV_DEFAULT_INDEX", "UV_INDEX_URL")):
        return {}
    url = os.environ.get("PIP_INDEX_URL", "")
    if not url:
        words = [sys.executable, "-m", "pip", "config", "get", "global.index-url"]
        asked = process.run(words, env={**os.environ, "PYTHONWARNINGS": "ignore"}, timeout=60)
        url = "" if asked.code else asked.output.strip().rpartition("\n")[2]
    return {"UV_DEFAULT_INDEX": url} if url else {}
