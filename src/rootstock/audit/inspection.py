"""The audit of packages and environments of any origin, from their files alone.

A package file comes without its dependencies, so what it needs of them is listed and not judged. An
environment has all its packages, and is linked against this machine's glibc.
"""

import os
import posixpath
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from rootstock.audit import compiled, contents
from rootstock.audit.compiled import version_text
from rootstock.audit.report import Finding
from rootstock.audit.subject import Kind, Subject
from rootstock.audit.unpacked import Version, parsed
from rootstock.core import elf as elf_format
from rootstock.core.elf import Elf
from rootstock.core.errors import MachineError
from rootstock.core.names import plain

_LOADER = Path("/lib64/ld-linux-x86-64.so.2")  # its place is part of the x86-64 psABI
# The libraries of glibc, by the beginning of their names.
_GLIBC = (
    *("ld-linux-x86-64.so.", "libc.so.", "libm.so.", "libmvec.so.", "libpthread.so.", "libdl.so."),
    *("librt.so.", "libutil.so.", "libresolv.so.", "libanl.so.", "libnss_", "libthread_db.so."),
    *("libBrokenLocale.so.", "libnsl.so.1", "libcrypt.so.1", "libc_malloc_debug.so."),
)


@dataclass(frozen=True, kw_only=True)
class Inspection:
    """The result of the audit of one subject.

    `declared` is the glibc that it says it needs, `proven` the newest that its files need. `prover`
    is the file that needs it, with the symbol. `needs` are the libraries that other packages must
    have.
    """

    name: str
    kind: Kind
    declared: str
    proven: str
    prover: str
    elf_files: int
    needs: tuple[str, ...]
    findings: tuple[Finding, ...]
    seconds: float

    @property
    def passed(self) -> bool:
        """Whether it breaks no rule."""
        return not self.findings

    def as_json(self) -> dict[str, Any]:
        """Return the result as a JSON object."""
        return {
            **vars(self),
            "findings": [*map(_finding_json, self.findings)],
            "passed": self.passed,
        }


def _finding_json(finding: Finding) -> dict[str, str]:
    return {"rule": finding.rule, "file": finding.file, "message": finding.message}


def inspect(subject: Subject) -> Inspection:
    """Audit a subject by the rules that hold for its kind.

    Raises `MachineError` for an environment on a machine without glibc.
    """
    started = time.monotonic()
    package = subject.package
    elves, findings = compiled.elves_of(package)
    findings += [*compiled.rpaths(elves), *compiled.hardening(elves)]
    findings += contents.names(package)
    if subject.kind == "environment":
        findings += _clashes(subject)
        if elves:
            version, glibc = _glibc_here()
            findings += compiled.floors(elves, version, glibc, here=True)
            findings += compiled.links(elves, version, glibc, package, ())
    else:
        findings += contents.build_paths(package)
        findings += contents.outward_links(package)
        findings += _floors(elves, subject.declared)
    if subject.kind == "conda":
        findings += [*contents.paths(package), *contents.license_info(package)]
        findings += contents.scripts(package)
    proven, prover = _proven(elves)
    return Inspection(
        name=subject.name,
        kind=subject.kind,
        declared=version_text(subject.declared),
        proven=version_text(proven),
        prover=prover,
        elf_files=len(elves),
        needs=() if subject.kind == "environment" else tuple(_needs(elves)),
        findings=tuple(findings),
        seconds=time.monotonic() - started,
    )


def _clashes(subject: Subject) -> Iterator[Finding]:
    for file, owners in sorted(subject.owners.items()):
        if len(owners) > 1:
            yield Finding(
                rule="clash",
                file=plain(file),
                message=f"is in {' and in '.join(owners)}; remove one of the packages.",
            )


def _floors(elves: Mapping[str, Elf], declared: Version) -> Iterator[Finding]:
    if declared:
        yield from compiled.floors(elves, declared, {})
        return
    proven, prover = _proven(elves)
    if proven:
        yield Finding(
            rule="floor",
            file=prover.partition(":")[0],
            message=f"needs glibc {version_text(proven)}, but the package declares none; "
            "add `__glibc >=` to its dependencies, or a manylinux tag to a wheel's name.",
        )


def _proven(elves: Mapping[str, Elf]) -> tuple[Version, str]:
    """Return the newest glibc that files need, and the first that needs it, as `FILE: SYMBOL`."""
    newest = max(map(compiled.needs, elves.values()), default=())
    if not newest:
        return (), ""
    name = next(name for name in sorted(elves) if compiled.needs(elves[name]) == newest)
    versions = [v for _, v, _ in elves[name].requires if compiled.of_version(v) == newest]
    wanted = sorted(
        key.decode(errors="replace")
        for key in elves[name].wanted
        if key.endswith(tuple(f"@{version}".encode() for version in versions))
    )
    return newest, plain(f"{name}: {wanted[0] if wanted else versions[0]}")


def _needs(elves: Mapping[str, Elf]) -> list[str]:
    """Return the libraries that neither the files nor glibc are."""
    own = {elf.soname for elf in elves.values()} | {posixpath.basename(name) for name in elves}
    asked = {library for elf in elves.values() for library in elf.needed}
    return sorted(library for library in asked - own if not library.startswith(_GLIBC))


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
        if path.name.startswith(_GLIBC) and path.is_file()
    }
    libraries = {library: elf for library, elf in found.items() if elf}
    return parsed(name.removeprefix("glibc ")), libraries
