"""What the installer insists on before it installs, where py-rattler does not.

Nothing of rootstock is imported here but seal.py, because environment/installer.py uses it.
"""

from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from rattler import MatchSpec, PackageRecord, VirtualPackage, VirtualPackageOverrides
from rattler.exceptions import InvalidMatchSpecError
from rattler.repo_data import RepoDataRecord

from rootstock.core import seal


class Failed(Exception):
    """A failure that is told by its kind, its reason and what else is known of it."""

    def __init__(self, kind: str, reason: str, **details: Any) -> None:
        super().__init__(reason)
        self.values = {"kind": kind, "reason": reason, **details}


def on_system(records: list[RepoDataRecord]) -> None:
    """Raise `Failed` where this system is not what a package needs, as a solver would."""
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
                has = f"{there.version}" if there else "none"
                raise Failed("unsatisfiable", f"{record.file_name} needs {spec}; there is {has}")


def on_all(records: list[RepoDataRecord]) -> None:
    """Raise `Failed` unless the packages of a lock are all that they need, and go together.

    So a lock that was cut short is refused, and one that somebody put together by hand.
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
                told = f"{record.file_name} needs {text}, and the lock has {found.file_name}."
                raise Failed("lock", told)
        for text in record.constrains:
            found = known.get(text.split()[0])
            if found and not _fits(found, text):
                told = f"{record.file_name} goes only with {text}, and the lock has"
                raise Failed("lock", f"{told} {found.file_name}.")


def _fits(record: RepoDataRecord, text: str) -> bool:
    try:
        return record.matches(MatchSpec(text))
    except InvalidMatchSpecError:
        return True  # what is newer than this py-rattler is not judged


def on_file(record: RepoDataRecord) -> None:
    """Raise `Failed` where a local package is not what its hash says: rattler does not look."""
    if urlsplit(record.url).scheme == "file" and record.sha256:
        path = path_of(record.url)
        found = seal.sha256_of(path)
        if found != record.sha256.hex():
            raise Failed("install", f"{path} is damaged: its sha256 is {found}")


def path_of(url: str) -> Path:
    """The path of a file: URL. Raises `Failed` for a pipe or a device, which may have no end."""
    path = Path(unquote(urlsplit(url).path))
    if path.exists() and not path.is_file():
        raise Failed("install", f"{path} is no file")
    return path
