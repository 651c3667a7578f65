"""The audit of packages and environments of any origin, from their files alone.

A package file comes without its dependencies, so what it needs of them is listed and not judged. An
environment has all its packages, and is linked against this machine's glibc.
"""

import math
import os
import posixpath
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

from rootstock.audit import (
    compiled,
    contents,
    declared,
    duplicates,
    glibc,
    modes,
    needs,
    stable_abi,
    wheel,
)
from rootstock.audit.compiled import version_text
from rootstock.audit.duplicates import Duplicate
from rootstock.audit.link import Linker, Tree
from rootstock.audit.needs import Need
from rootstock.audit.report import Finding
from rootstock.audit.subject import Kind, Subject, fetched, opened
from rootstock.audit.unpacked import Version, parsed
from rootstock.core import elf as elf_format
from rootstock.core.deadline import deadline
from rootstock.core.elf import Elf
from rootstock.core.errors import MachineError, UsageError
from rootstock.core.names import plain
from rootstock.core.progress import Listener

# The largest package here, root-core with 0.2 GB, takes 3 s on one core, and 8 GiB are fetched at
# most.
DEFAULT_SECONDS = 600.0
_LOADER = Path("/lib64/ld-linux-x86-64.so.2")  # its place is part of the x86-64 psABI


@dataclass(frozen=True, kw_only=True)
class Inspection:
    """The result of the audit of one subject.

    `declared` is the glibc that it says it needs, `proven` the newest that its files need. `prover`
    is the file that needs it, with the symbol. `files` are its compiled files, each with the glibc
    that it needs and the symbol (`glibc` and `symbol`). `needs` are the libraries that other
    packages must have. Of an environment, `duplicates` are libraries that define equal symbols, and
    `unused` the dependencies of packages with libraries that they do not need. `seconds` is the
    time that the audit took, from opening it.
    """

    name: str
    kind: Kind
    declared: str
    proven: str
    prover: str
    elf_files: int
    files: Mapping[str, Mapping[str, str]]
    needs: tuple[str, ...]
    findings: tuple[Finding, ...]
    seconds: float = 0.0
    duplicates: tuple[Duplicate, ...] = ()
    unused: Mapping[str, list[str]] = field(default_factory=dict)

    @property
    def passed(self) -> bool:
        """Whether it breaks no rule."""
        return not self.findings

    def as_json(self) -> dict[str, Any]:
        """Return the result as a JSON object."""
        return {
            **vars(self),
            "findings": [*map(_finding_json, self.findings)],
            "duplicates": [one.as_json() for one in self.duplicates],
            "passed": self.passed,
        }


def _finding_json(finding: Finding) -> dict[str, str]:
    return {"rule": finding.rule, "file": finding.file, "message": finding.message}


@dataclass(frozen=True, kw_only=True)
class AuditLimits:
    """The limits of the audit of one package file.

    `seconds` are for all but fetching it, and `most` are the bytes that it may unpack to (None:
    `archive.most_of`). `math.inf` is no limit.
    """

    seconds: float = DEFAULT_SECONDS
    most: float | None = None


def audited(target: str, scratch: Path, listen: Listener, limits: AuditLimits) -> Inspection:
    """Open a package or an environment, and audit it, in the empty folder `scratch`.

    An environment has no limits. Raises what `fetched`, `opened` and `inspect` raise, and
    `UsageError` when the time is up.
    """
    started = time.monotonic()
    path = fetched(target, scratch, listen)
    late = UsageError(
        f"{target} was not audited: that took more than {limits.seconds:g} s",
        "If you expect so much of it, raise the limit with --time-limit. Else do not install it.",
    )
    with deadline(math.inf if path.is_dir() else limits.seconds, late):
        inspection = inspect(opened(path, target, scratch, limits.most))
    return replace(inspection, seconds=time.monotonic() - started)


def inspect(subject: Subject) -> Inspection:
    """Audit a subject by the rules that hold for its kind.

    Raises `MachineError` for an environment on a machine without glibc.
    """
    package = subject.package
    if subject.kind == "environment":
        elves, findings = compiled.installed_elves(package.files)
    else:
        elves, findings = compiled.elves_of(subject.reads)
    each = needs.of_files(elves)
    findings += [*compiled.rpaths(elves), *compiled.hardening(elves)]
    findings += [*contents.names(package), *modes.findings(subject.modes)]
    copies: list[Duplicate] = []
    unused: dict[str, list[str]] = {}
    if subject.kind == "environment":
        findings += _clashes(subject)
        findings += contents.installed_build_paths(package, subject.owners)
        findings += (one for one in contents.links(package, tuple) if one.file in subject.owners)
        findings += contents.installed_licenses(subject.members)
        if elves:
            version, libraries = _glibc_here()
            findings += compiled.floors(elves, version, libraries, here=True)
            findings += compiled.links(elves, version, libraries, package, ())
            linker = Linker(Tree(package.files, package.links), elves.get, libraries)
            copies = duplicates.duplicates(subject, elves, linker)
            findings += duplicates.findings(copies)
            findings += declared.undeclared(subject.members, package.files, linker)
            unused = declared.unused(subject.members, linker)
    else:
        findings += contents.build_paths(package, subject.reads)
        findings += contents.outward_links(package)
        findings += _glibcs(elves, each, subject)
    if subject.kind == "conda":
        findings += [*contents.paths(package, subject.reads), *contents.license_info(package)]
        findings += contents.scripts(package)
    if subject.kind == "wheel":
        findings += wheel.license_info(package)
        findings += stable_abi.findings(elves, subject.stable_abi)
    proven, prover = _proven(each)
    return Inspection(
        name=subject.name,
        kind=subject.kind,
        declared=version_text(subject.declared),
        proven=version_text(proven),
        prover=prover,
        elf_files=len(elves),
        files={
            plain(name): {"glibc": version_text(one.glibc), "symbol": one.symbol}
            for name, one in each.items()
        },
        needs=() if subject.kind == "environment" else tuple(_foreign(elves)),
        findings=tuple(findings),
        duplicates=tuple(copies),
        unused=unused,
    )


def _clashes(subject: Subject) -> Iterator[Finding]:
    for file, owners in sorted(subject.owners.items()):
        if len(owners) > 1:
            yield Finding(
                rule="clash",
                file=plain(file),
                message=f"is in {' and in '.join(owners)}; remove one of the packages.",
            )


def _glibcs(
    elves: Mapping[str, Elf], each: Mapping[str, Need], subject: Subject
) -> Iterator[Finding]:
    """Yield what the files of a package need of glibc and it does not have."""
    yield from needs.symbols(each, elves, alone=subject.alone)
    if subject.declared:
        yield from compiled.floors(elves, subject.declared, {})
        yield from needs.floors(each, elves, subject.declared)
        return
    proven, prover = _proven(each)
    if proven:
        yield Finding(
            rule="floor",
            file=prover.partition(":")[0],
            message=f"needs glibc {version_text(proven)}, but the package declares none; "
            "add `__glibc >=` to its dependencies, or a manylinux tag to a wheel's name.",
        )


def _proven(each: Mapping[str, Need]) -> tuple[Version, str]:
    """Return the newest glibc that files need, and the first that needs it, as `FILE: SYMBOL`."""
    newest = max((one.glibc for one in each.values()), default=())
    prover = next(
        (f"{name}: {one.symbol}" for name, one in each.items() if one.glibc == newest), ""
    )
    return newest, plain(prover) if newest else ""


def _foreign(elves: Mapping[str, Elf]) -> list[str]:
    """Return the libraries that neither the files nor glibc are."""
    own = {elf.soname for elf in elves.values()} | {posixpath.basename(name) for name in elves}
    asked = {library for elf in elves.values() for library in elf.needed}
    return sorted(library for library in asked - own if not glibc.has(library))


@cache
def _glibc_here() -> tuple[Version, dict[str, Elf]]:
    """Return the version of this machine's glibc, and its libraries by name."""
    name = os.confstr("CS_GNU_LIBC_VERSION") if "CS_GNU_LIBC_VERSION" in os.confstr_names else ""
    if not name or not _LOADER.exists():
        raise MachineError(
            "this machine has no glibc, so no environment can be linked here",
            "Audit the packages themselves.",
        )
    folder = _LOADER.resolve().parent
    found = {
        path.name: elf_format.read(path)
        for path in folder.iterdir()
        if glibc.has(path.name) and path.is_file()
    }
    libraries = {library: elf for library, elf in found.items() if elf}
    return parsed(name.removeprefix("glibc ")), libraries
