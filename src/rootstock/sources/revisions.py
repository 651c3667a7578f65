"""Revisions of Debian's source packages, in a suite and in its updates.

Security updates are in a suite of their own, in another archive.
"""

import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cmp_to_key

from rootstock.core import process
from rootstock.core.errors import SourceError
from rootstock.core.store import Store
from rootstock.sources import apt

_UPDATES = "-updates"  # how the name of a suite with other updates ends
_FILE = re.compile(r"^ ([0-9a-f]{64}) \d+ (\S+)$", re.MULTILINE)
_FIELD = re.compile(r"^(Package|Version): (.*)$", re.MULTILINE)


@dataclass(frozen=True, kw_only=True)
class Revision:
    """A revision of a source package in a suite; `files` are their sha256 by name."""

    name: str
    version: str
    suite: str
    files: Mapping[str, str]

    @property
    def tarball(self) -> str:
        """The name of the file with its patches; empty where it has none."""
        ours = (name for name in self.files if apt.OF_DEBIAN in name or name.endswith(apt.DIFF))
        return next(ours, "")

    @property
    def purl(self) -> str:
        """The package URL of that file."""
        query = f"arch=source&distro={self.suite}"
        return f"pkg:deb/debian/{self.name}@{self.version}?{query}#{self.tarball}"


def suites(store: Store, name: str) -> list[apt.DebianSuite]:
    """Return a suite and those of its updates, with the present indexes of their sources.

    Raises as `apt.open_suite` does.
    """
    plain = name.removesuffix(apt.SECURITY).removesuffix(_UPDATES)
    found = [apt.find_suite(store, plain, sources=True)]
    apt.refresh(found[0])
    for ending in (_UPDATES, apt.SECURITY):
        with suppress(SourceError):  # Debian's newest suites have no updates
            updates = apt.find_suite(store, f"{plain}{ending}", sources=True)
            apt.refresh(updates)
            found.append(updates)
    return found


def of_package(suites: Iterable[apt.DebianSuite], name: str) -> list[Revision]:
    """Return the revisions of a source package in suites, each once: the newest first."""
    found: dict[str, Revision] = {}
    for suite in suites:
        for revision in parse(apt.show_source(suite, name), suite.name):
            if revision.name == name:
                found.setdefault(revision.version, revision)
    return newest_first(found.values())


def parse(shown: str, suite: str) -> list[Revision]:
    """Return the revisions in what apt shows of a suite's sources (deb822(5))."""
    revisions = []
    for paragraph in shown.split("\n\n"):
        fields = dict(_FIELD.findall(paragraph))
        sums = paragraph.partition("Checksums-Sha256:")[2]
        files = {name: sha256 for sha256, name in _FILE.findall(sums)}
        if fields.keys() >= {"Package", "Version"}:
            name, version = fields["Package"], fields["Version"]
            revisions.append(Revision(name=name, version=version, suite=suite, files=files))
    return revisions


def newest_first(revisions: Iterable[Revision]) -> list[Revision]:
    """Order revisions as dpkg compares their versions (deb-version(7))."""

    def compare(one: Revision, other: Revision) -> int:
        command = ["dpkg", "--compare-versions", one.version, "lt", other.version]
        return 1 if process.run(command).code == 0 else -1

    return sorted(revisions, key=cmp_to_key(compare))
