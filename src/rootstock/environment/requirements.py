"""Checks of the installer before it installs, which py-rattler does not make.

Imports nothing of rootstock but seal.py, because environment/installer.py uses it.
"""

import re
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from rattler import (
    MatchSpec,
    Override,
    PackageRecord,
    VirtualPackage,
    VirtualPackageOverrides,
)
from rattler.exceptions import InvalidMatchSpecError, SolverError
from rattler.repo_data import RepoDataRecord

from rootstock.core import seal


class Failed(Exception):
    """A failure with its kind, its reason and further details."""

    def __init__(self, kind: str, reason: str, **details: Any) -> None:
        super().__init__(reason)
        self.values = {"kind": kind, "reason": reason, **details}


_FLOOR = re.compile(r"__glibc\b.*?>=\s*(\d+(?:\.\d+)*)")


def too_old(package: str, needs: str, has: str) -> Failed:
    """Return the failure where a package needs a newer glibc than a system `has`, if it has one."""
    reason = f"{package} needs glibc >= {needs}, there is {has or 'none'}"
    return Failed("glibc", reason, package=package, needs=needs, has=has)


def floor(records: Iterable[RepoDataRecord]) -> tuple[str, str] | None:
    """Return the highest glibc that one of the packages declares to need, and its file's name."""
    found = [
        (tuple(map(int, match[1].split("."))), match[1], record.file_name)
        for record in records
        for spec in record.depends
        if (match := _FLOOR.match(spec))
    ]
    return max(found)[1:] if found else None


async def on_glibc(
    ask: Callable[..., Awaitable[list[RepoDataRecord]]], overrides: VirtualPackageOverrides
) -> None:
    """Raise `Failed` where a newer glibc is all that a solution needs, with the oldest that does.

    `ask` solves for the virtual packages that it gets; those of `overrides` have no solution.
    """
    there = (package.into_generic() for package in VirtualPackage.detect(overrides=overrides))
    has = next((str(one.version) for one in there if one.name.normalized == "__glibc"), "")
    needs = None
    overrides.libc = Override.string("2.999")  # newer than all
    with suppress(SolverError):
        while found := floor(
            await ask(virtual_packages=VirtualPackage.detect(overrides=overrides))
        ):
            if found == needs:  # of a version before itself, such as `>=2.28dev`
                break
            needs = found
            overrides.libc = Override.string(f"{needs[0]}dev")  # sorts before it (CEP 33)
    if needs:
        raise too_old(needs[1], needs[0], has)


def on_system(records: list[RepoDataRecord]) -> None:
    """Raise `Failed` where this system lacks what a package needs, as a solver would."""
    detected = VirtualPackage.detect(overrides=VirtualPackageOverrides.from_env())
    generic = [package.into_generic() for package in detected]
    system = {
        package.name.normalized: PackageRecord(
            package.name, str(package.version), package.build_string, 0, ""
        )
        for package in generic
    }
    for record in records:
        for spec in record.depends:
            there = system.get(spec.split()[0])
            if spec.startswith("__") and not (there and there.matches(MatchSpec(spec))):
                has = f"{there.version}" if there else ""
                if needs := _FLOOR.match(spec):
                    raise too_old(record.file_name, needs[1], has)
                reason = f"{record.file_name} needs {spec}; this system has {has or 'none'}"
                raise Failed("unsatisfiable", reason)


def on_all(records: list[RepoDataRecord]) -> None:
    """Raise `Failed` unless a lock has all dependencies, in versions that fit together.

    So it refuses a truncated lock, and a wrong one that somebody wrote by hand.
    """
    known = {record.name.normalized: record for record in records}
    for record in records:
        for text in record.depends:
            if text.startswith("__"):
                continue
            found = known.get(text.split()[0])
            if not found:
                raise Failed("lock", f"The lock lacks {text}, which {record.file_name} needs.")
            if not _fits(found, text):
                message = f"{record.file_name} needs {text}, but the lock has {found.file_name}."
                raise Failed("lock", message)
        for text in record.constrains:
            found = known.get(text.split()[0])
            if found and not _fits(found, text):
                message = f"{record.file_name} only allows {text}, but the lock has"
                raise Failed("lock", f"{message} {found.file_name}.")


def _fits(record: RepoDataRecord, text: str) -> bool:
    try:
        return record.matches(MatchSpec(text))
    except InvalidMatchSpecError:
        return True  # syntax newer than this py-rattler is not judged


def on_file(record: RepoDataRecord) -> None:
    """Raise `Failed` where a local package does not match its hash: rattler does not check."""
    if urlsplit(record.url).scheme == "file" and record.sha256:
        path = path_of(record.url)
        found = seal.sha256_of(path)
        if found != record.sha256.hex():
            raise Failed("install", f"{path} is damaged: its sha256 is {found}")


def path_of(url: str) -> Path:
    """Return the path of a file: URL.

    Raises `Failed` for a pipe or a device, which may have no end.
    """
    path = Path(unquote(urlsplit(url).path))
    if path.exists() and not path.is_file():
        raise Failed("install", f"{path} is not a regular file")
    return path
