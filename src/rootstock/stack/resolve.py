"""Resolves a set: finds its wheels for one exact Python, with uv.

Each Python is resolved on its own, for its exact version. A resolution for all Pythons at once
combines packages that do not work together, and some packages require 3.11.5. uv takes the packages
from the index that pip is configured for.
"""

import os
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from types import MappingProxyType

import tomlkit
from packaging import pylock, tags
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from rootstock.core import process
from rootstock.core.errors import NoSpace, SourceError, UsageError, means_no_space
from rootstock.core.names import listed
from rootstock.core.process import Completed
from rootstock.stack.specs import environment

_FLOOR = (2, 28)  # ROOT's own wheels require this glibc (PEP 600: manylinux_2_28)
_PLATFORM = "x86_64-manylinux_2_28"
# What is shown of uv's reason: its first lines, its last lines, and so many letters of each. The
# first name what is in conflict, the last have the conclusion and uv's hints.
_FIRST, _LAST, _WIDE = 20, 6, 300
_NO_SOLUTION = 1  # uv's exit code; others mean that it could not look for one
_TIME = 600.0  # seconds for one resolution
# How uv's reason names projects that the index lacks, those without a wheel that fits, and those
# whose wheel or metadata cannot be read.
_LACKED = re.compile(r"(\S+) was not found in the package registry")
_NO_WHEEL = re.compile(r"(\S+) ha(?:s|ve) no (?:usable wheels|wheels with a matching)")
_UNREADABLE = re.compile(
    r"(\S+) ha(?:s|ve) (?:invalid metadata|inconsistent metadata|an invalid package format)"
)
_LEAVE_OUT = (
    "Bound its version in ci/stack.toml to one that has such a wheel; or leave it out for this "
    "Python, as \"NAME; python_version < '3.14'\"; or write a recipe for it."
)


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
    asker: str = "ci/stack.toml",
    timeout: float = _TIME,
) -> list[Resolved]:
    """Return the files that `packages` need on an exact Python.

    `sources` are the projects that come as source distributions, each with its requirements.
    `known` is an earlier lock of uv: its versions stay unless they no longer fit, or are in
    `upgrade` (None: all). `folder` is for temporary files. `alone` leaves out the dependencies of
    each package. `asker` names in errors what asks for the packages.

    Raises `UsageError` with uv's reason when there is no resolution, and `SourceError` when uv
    cannot read the index within `timeout` seconds.
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
    done = process.run(words, env={**os.environ, **pip_index()}, timeout=timeout)
    if done.code:
        raise _failure(done, f"{asker}, Python {python}", timeout)
    return read(made.read_text(), python, asker)


def _failure(done: Completed, item: str, timeout: float) -> UsageError | SourceError | NoSpace:
    """Return the error for a failed run of uv."""
    reason = shortened(done.output)
    if done.code != _NO_SOLUTION or done.over:
        if means_no_space(done.output):
            return NoSpace("uv", reason)
        late = f" within {timeout:g} s" if done.over else ""
        return SourceError(
            f"{item}: uv could not resolve the packages{late}:\n{reason}",
            "Check the network, the proxy and pip's settings; then run the same command again.",
        )
    if lacked := sorted(set(_LACKED.findall(done.output))):
        return UsageError(
            f"{item}: the package index has no project {listed(lacked)}:\n{reason}",
            "Correct the name, which is that of the package index, or remove it.",
        )
    if bad := sorted(set(_UNREADABLE.findall(done.output))):
        return SourceError(
            f"{item}: the metadata cannot be read of {listed(bad)}:\n{reason}",
            "Bound its version in ci/stack.toml to one that can be read; its authors can mend it.",
        )
    if without := sorted(set(_NO_WHEEL.findall(done.output))):
        return UsageError(f"{item}: no wheel fits of {listed(without)}:\n{reason}", _LEAVE_OUT)
    return UsageError(
        f"{item}: these packages cannot be installed together:\n{reason}",
        "Change the set, or bound a package's version, in ci/stack.toml.",
    )


def shortened(output: str) -> str:
    """Return the beginning and the end of uv's reason, indented, without its empty lines."""
    lines = [line.rstrip() for line in output.splitlines() if line.strip()]
    lines = [line if len(line) <= _WIDE else f"{line[:_WIDE]} ..." for line in lines]
    if (left_out := len(lines) - _FIRST - _LAST) > 1:
        lines[_FIRST:-_LAST] = [f"... {left_out} lines more ..."]
    return "\n".join(f"    {line}" for line in lines)


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


def read(text: str, python: str, asker: str = "ci/stack.toml") -> list[Resolved]:
    """Return the files that a lock (PEP 751) has for an exact Python, sorted by project.

    Raises `UsageError` when a package has no file for it, and `SourceError` when the lock cannot be
    read.
    """
    try:
        lock = pylock.Pylock.from_dict(tomlkit.parse(text).unwrap())
        chosen = _select(lock, python)
    except pylock.PylockSelectError as error:
        if not (without := _without_file(lock, python)):
            raise SourceError(f"uv's lock for Python {python} cannot be read: {error}") from error
        raise UsageError(
            f"{asker}, Python {python}: there is no wheel for this Python, on x86_64 with glibc "
            f"{_FLOOR[0]}.{_FLOOR[1]}, of {listed(without)}",
            _LEAVE_OUT,
        ) from error
    except (ValueError, pylock.PylockValidationError) as error:
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


def _select(lock: pylock.Pylock, python: str) -> "list[tuple[pylock.Package, object]]":
    tags_ = list(_tags(python))
    return list(lock.select(environment=environment(python), tags=tags_))  # type: ignore[arg-type]


def _without_file(lock: pylock.Pylock, python: str) -> list[str]:
    """Return the packages of a lock, with their versions, that have no file for a Python."""
    found = []
    for package in lock.packages:
        try:
            _select(replace(lock, packages=[package]), python)
        except pylock.PylockSelectError:
            found.append(f"{package.name} {package.version}")
    return found


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
