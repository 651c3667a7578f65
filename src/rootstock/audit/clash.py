"""Clashes: files that two packages of an environment both contain.

After an installation it is chance which of the two remains, and conda refuses or warns.
"""

from collections.abc import Iterator, Mapping, Sequence

from rootstock.audit import deciding
from rootstock.audit.unpacked import UnpackedPackage, unpacked
from rootstock.building.artifact import Artifact
from rootstock.core import result_cache
from rootstock.core.errors import AuditFailed
from rootstock.core.names import folded, plain
from rootstock.core.progress import Listener
from rootstock.core.store import Store

_SHOWN = 20


def require_none(sets: Mapping[str, Sequence[Artifact]], store: Store, listen: Listener) -> None:
    """Check that no two packages of a set have the same file; the result is stored.

    `sets` are the packages installed together, by the name of the cell. Raises `AuditFailed`, which
    names the files and the packages.
    """
    program = deciding.digest()
    for cell, artifacts in sets.items():
        parts = sorted(artifact.sha256 for artifact in artifacts)
        place = store.result("audit", result_cache.digest(program, "clash", *parts))
        if result_cache.read(place, "audit", listen):
            continue
        packages = {one.filename: unpacked(one, store) for one in artifacts}
        if found := list(clashes(packages)):
            more = [f"  and {len(found) - _SHOWN} more"] if len(found) > _SHOWN else []
            raise AuditFailed(
                "\n".join((f"Packages of {cell} have the same files:", *found[:_SHOWN], *more)),
                "Leave each file in one package only, and let the others depend on that one.",
            )
        result_cache.write(place, {"packages": sorted(packages)}, store)


def clashes(packages: Mapping[str, UnpackedPackage]) -> Iterator[str]:
    """Yield a line for each file that two of the packages contain.

    Names are the same if they differ only in case or Unicode form, as on some file systems.
    """
    owners: dict[str, tuple[str, str]] = {}
    for package, content in packages.items():
        for name in sorted({*content.files, *content.links}):
            same = folded(name)
            other, spelt = owners.setdefault(same, (package, name))
            if other != package:
                also = "" if spelt == name else f" (as {plain(spelt)})"
                yield f"  clash: {plain(name)} is in {package} and in {other}{also}"
