"""The audit: checks the rules for all packages on a finished file.

It runs nothing of the package. It unpacks it over its dependencies, and works out from the files
alone what would happen on a user's machine.
"""

import fnmatch
import posixpath
import time
from collections.abc import Sequence

from rootstock.audit import bundled, compiled, contents, declared, waivers
from rootstock.audit.compiled import version_text
from rootstock.audit.reading import read_all
from rootstock.audit.report import AuditReport
from rootstock.audit.subject import InstalledPackage, names_of
from rootstock.audit.unpacked import UnpackedPackage, Version, parsed, unpacked
from rootstock.building.artifact import Artifact
from rootstock.core import elf as elf_format
from rootstock.core.elf import Elf
from rootstock.core.store import Store

_STUBS = "*/sysroot/usr/lib64/*.so.*"  # as in conda-forge's sysroot packages


def audit(
    artifact: Artifact,
    *,
    closure: Sequence[Artifact],
    sysroots: Sequence[Artifact],
    store: Store,
) -> AuditReport:
    """Audit a package file.

    `closure` are the packages it may load from: all its run dependencies. `sysroots` are packages
    with the stub libraries of a glibc, which is their version. For a package of the scope `image`,
    only the rules apply that do not depend on where it runs.

    Raises `AuditFailed` when the file is not the one in the artifact's record.
    """
    started = time.monotonic()
    package = unpacked(artifact, store)
    reads = read_all(package)
    findings = [
        *contents.paths(package, reads),
        *contents.build_paths(package, reads),
        *contents.license_info(package),
    ]
    findings += [*contents.names(package), *contents.scripts(package)]
    elves: dict[str, Elf] = {}

    def others() -> list[UnpackedPackage]:
        return [unpacked(other, store) for other in closure]

    if artifact.scope != "image":
        elves, damaged = compiled.elves_of(reads)
        findings += [*damaged, *contents.links(package, others), *compiled.rpaths(elves)]
        findings += compiled.hardening(elves)
        findings += declared.unresolved(
            _member(package), lambda: [*map(_member, others())], package.files
        )
    if elves:
        glibc = _glibc(package.floor, sysroots, store)
        if glibc:
            findings += compiled.floors(elves, package.floor, glibc)
            findings += compiled.links(elves, package.floor, glibc, package, others())
        else:
            findings.append(compiled.unproven(package.floor))
    return AuditReport(
        filename=artifact.filename,
        declared=version_text(package.floor),
        proven=version_text(max(map(compiled.needs, elves.values()), default=())),
        elf_files=len(elves),
        findings=tuple(waivers.apply(findings, package.metadata("about.json"))),
        seconds=time.monotonic() - started,
        bundled=bundled.libraries(artifact.name, package.files, elves, reads),
    )


def _member(package: UnpackedPackage) -> InstalledPackage:
    index = package.metadata("index.json")
    return InstalledPackage(
        name=str(index.get("name", "")),
        depends=names_of(index.get("depends", [])),
        files=(*package.files, *package.links),
    )


def _glibc(declared: Version, sysroots: Sequence[Artifact], store: Store) -> dict[str, Elf]:
    """Return the stub libraries of a glibc, by name: the declared one, or the next older one."""
    older = [sysroot for sysroot in sysroots if parsed(sysroot.version) <= declared]
    if not older:
        return {}
    sysroot = max(older, key=lambda sysroot: parsed(sysroot.version))
    files = unpacked(sysroot, store).files.items()
    found = {
        posixpath.basename(name): elf_format.read(path)
        for name, path in files
        if fnmatch.fnmatchcase(name, _STUBS)
    }
    return {name: elf for name, elf in found.items() if elf}
