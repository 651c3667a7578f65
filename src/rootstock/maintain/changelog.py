"""What a revision of a source package of Debian says about vulnerabilities.

Its changelog and its patches are in a tarball, or in format 1.0 in a diff that adds them to the
files of upstream (dsc(5)).
"""

import gzip
import re
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from itertools import takewhile
from pathlib import Path

from rootstock.core import process
from rootstock.core.errors import SourceError
from rootstock.plan import patches, security
from rootstock.plan.security import cves_in
from rootstock.sources import apt

_FILE, _PATCHES = "debian/changelog", "debian/patches/"
_ENTRY = re.compile(r"^\S+ \(([^)]+)\) ", re.MULTILINE)  # deb-changelog(5)


def unpack(file: Path) -> dict[str, str]:
    """Return the changelog and the patches in a tarball or a diff of a revision, by name."""
    if file.name.endswith(apt.DIFF):
        return _added(gzip.decompress(file.read_bytes()).decode(errors="replace"))
    with tarfile.open(file) as tar:
        return {
            member.name: tar.extractfile(member).read().decode(errors="replace")  # type: ignore[union-attr]
            for member in tar
            if member.isfile() and member.name.startswith((_FILE, _PATCHES))
        }


def of_package(file: Path, name: str, into: Path) -> dict[str, str]:
    """Return the changelog in a binary package: that of its source (Debian Policy 12.7).

    Unpacks the package into a folder. Raises `SourceError` when dpkg-deb cannot.
    """
    done = process.run(["dpkg-deb", "-x", file, into])
    if done.code:
        raise SourceError(f"{file.name} cannot be unpacked: {done.output.strip()}")
    packed = into / "usr/share/doc" / name / "changelog.Debian.gz"
    return {_FILE: gzip.decompress(packed.read_bytes()).decode(errors="replace")}


def _added(diff: str) -> dict[str, str]:
    """Return the changelog and the patches that a unified diff adds (`diff -Nru`)."""
    found = {}
    for part in re.split(r"^--- .*\n(?=\+\+\+ .*\n@@ )", diff, flags=re.MULTILINE)[1:]:
        head, *lines = part.splitlines()
        name = head.removeprefix("+++ ").split("\t")[0].partition("/")[2]
        if name.startswith((_FILE, _PATCHES)):
            found[name] = "\n".join(line[1:] for line in lines if line.startswith("+"))
    return found


def read(texts: Mapping[str, str], version: str) -> dict[str, tuple[str, ...]]:
    """Return the CVEs that a revision names, each with the names of its patches.

    These are the CVEs of its patches, and of the changelog's entries for the same upstream version.
    """
    found: dict[str, tuple[str, ...]] = {}
    for cve in cves_in("".join(one.text for one in _of_version(texts, version))):
        found[cve] = ()
    for name in security.series(texts.get(f"{_PATCHES}series", "")):
        header = patches.header(texts.get(f"{_PATCHES}{name}", ""))
        for cve in cves_in(f"{name} {header}"):
            found[cve] = (*found.get(cve, ()), name)
    return found


def fixed_in(texts: Mapping[str, str], version: str, built: str) -> tuple[str, ...]:
    """Return those of the CVEs that `read` returns which an older revision `built` has fixed.

    These are all if it is the same revision. Otherwise they are those of the changelog's entries up
    to its own.
    """
    if built == version:
        return tuple(read(texts, version))
    own = _of_version(texts, version)
    versions = [one.version for one in own]
    older = own[versions.index(built) :] if built in versions else []
    return cves_in("".join(one.text for one in older))


@dataclass(frozen=True, kw_only=True)
class ChangelogEntry:
    """An entry of a changelog of Debian, from its first line's end to its last line."""

    version: str
    text: str

    @property
    def date(self) -> datetime:
        """When it was written, by its last line."""
        return parsedate_to_datetime(self.text.strip().rpartition(">  ")[2])


def entries(texts: Mapping[str, str]) -> list[ChangelogEntry]:
    """Return the entries of a revision's changelog, the newest first (deb-changelog(5))."""
    _, *parts = _ENTRY.split(texts.get(_FILE, ""))
    return [
        ChangelogEntry(version=version, text=text)
        for version, text in zip(parts[::2], parts[1::2], strict=True)
    ]


def named_since(texts: Mapping[str, str], date: datetime) -> tuple[str, ...]:
    """Return the CVEs that the entries of a changelog after a date name."""
    since = takewhile(lambda one: one.date > date, entries(texts))
    return cves_in("".join(one.text for one in since))


def _of_version(texts: Mapping[str, str], version: str) -> list[ChangelogEntry]:
    """Return the entries for the upstream version of a revision."""
    return [one for one in entries(texts) if upstream(one.version) == upstream(version)]


def upstream(version: str) -> str:
    """Return the upstream part of a version (deb-version(7)).

    >>> upstream("1:1.3.dfsg+really1.3.1-1+deb13u1")
    '1.3.dfsg+really1.3.1'
    """
    return version.rpartition("-")[0].partition(":")[2] or version.rpartition("-")[0]
