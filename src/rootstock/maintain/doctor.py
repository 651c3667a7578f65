"""Examines whether this machine has what rootstock needs."""

import os
import platform
import shutil
import sys
from dataclasses import dataclass
from typing import Literal

from rootstock.core import disk
from rootstock.core.errors import MachineError
from rootstock.core.store import Store
from rootstock.core.surroundings import intruders
from rootstock.image import manylinux
from rootstock.image.engines.choose import ENGINES, why_not
from rootstock.sources.apt import mirror

# Bytes: the store had 3.4e9 after a cold run for two Pythons; builds need more beside it.
_SPACE = 6e9
_INODES = 100_000  # two images alone have 10,000 files; packages, unpacked twice, have more
_MEMORY = 4e9  # bytes
_ELSEWHERE = "Set ROOTSTOCK_HOME to a folder on another file system."


@dataclass(frozen=True, kw_only=True)
class Diagnosis:
    """One examined thing; `lacks` means that builds cannot work."""

    state: Literal["ok", "absent", "lacks"]
    what: str
    found: str
    remedy: str = ""


def examine(store: Store) -> tuple[Diagnosis, ...]:
    """Examine the machine: system, engines, Debian's packages, disk and memory."""
    return (
        *(_system(), *_engines(), _manylinux(), *_programs(), _mirror()),
        *(*_disk(store), _memory(), *_intruders()),
    )


def _system() -> Diagnosis:
    fits = sys.platform == "linux" and platform.machine() == "x86_64"
    found = f"{platform.system()} {platform.release()} {platform.machine()}"
    return Diagnosis(
        state="ok" if fits else "lacks",
        what="system",
        found=found,
        remedy="" if fits else "Rootstock only builds on, and for, Linux on x86_64.",
    )


def _engines() -> list[Diagnosis]:
    reasons = {name: why_not(engine) for name, engine in ENGINES.items()}
    none = all(reasons.values())
    return [
        Diagnosis(
            state="ok" if reason is None else "lacks" if none else "absent",
            what=f"engine {name}",
            found=reason or "works (tried)",
            remedy=ENGINES[name].remedy if reason else "",
        )
        for name, reason in reasons.items()
    ]


def _manylinux() -> Diagnosis:
    try:
        found = f"{manylinux.builder()} would build it; {manylinux.UNPROVEN}"
        return Diagnosis(state="ok", what="profile manylinux", found=found)
    except MachineError as error:
        return Diagnosis(
            state="absent",
            what="profile manylinux",
            found=f"needs podman or docker; {manylinux.UNPROVEN}",
            remedy=error.remedy,
        )


def _programs() -> list[Diagnosis]:
    findings = []
    for name in ("apt-get", "dpkg-deb"):
        path = shutil.which(name)
        remedy = "" if path else f"Install {name}: images consist of Debian packages."
        state: Literal["ok", "lacks"] = "ok" if path else "lacks"
        findings.append(
            Diagnosis(state=state, what=name, found=path or "is not installed", remedy=remedy)
        )
    return findings


def _mirror() -> Diagnosis:
    try:
        return Diagnosis(state="ok", what="Debian mirror", found=mirror())
    except MachineError as error:
        return Diagnosis(
            state="lacks", what="Debian mirror", found=error.message, remedy=error.remedy
        )


def _disk(store: Store) -> list[Diagnosis]:
    place = store.root
    while not place.exists():
        place = place.parent
    try:
        free, inodes = disk.space(place)
    except OSError as error:
        return [_finding("disk", f"{place} cannot be examined: {error.strerror}", _ELSEWHERE)]
    free_space = f"{free / 1e9:.0f} GB free for the store {store.root}"
    more = "A cold run takes up to 6 GB: set ROOTSTOCK_HOME elsewhere."
    findings = [_finding("disk", free_space, "" if free > _SPACE else more)]
    if inodes < _INODES:
        few = f"Only {inodes} more files are possible (df -i): set ROOTSTOCK_HOME elsewhere."
        findings.append(_finding("inodes", f"{inodes} free", few))
    if place == store.root and (store.root / "tmp").is_dir():
        place = store.root / "tmp"
    try:
        lacking = [disk.no_programs(place), disk.no_links(place)]
    except OSError as error:
        lacking = [f"{place} cannot be written: {error.strerror}"]
    wrong = "; ".join(filter(None, lacking))
    works = "programs run from it, links are followed (tried)"
    findings.append(_finding("store", wrong or works, _ELSEWHERE if wrong else ""))
    limited = disk.small_files()
    findings.append(
        _finding(
            "size of files",
            limited or "not limited",
            "Lift the limit: ulimit -f unlimited." if limited else "",
        )
    )
    return findings


def _finding(what: str, found: str, remedy: str) -> Diagnosis:
    return Diagnosis(state="lacks" if remedy else "ok", what=what, found=found, remedy=remedy)


def _memory() -> Diagnosis:
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    fits = total > _MEMORY
    return Diagnosis(
        state="ok" if fits else "lacks",
        what="memory",
        found=f"{total / 1e9:.0f} GB, {os.cpu_count()} cores",
        remedy="" if fits else "Builds and ROOT's compiler at run time need 4 GB.",
    )


def _intruders() -> list[Diagnosis]:
    return [
        Diagnosis(
            state="absent",
            what="PYTHONPATH",
            found=f"{folder} has {', '.join(modules)}, which Python prefers to an environment's",
            remedy="Unset PYTHONPATH, or call an environment's Python with -I.",
        )
        for folder, modules in intruders(os.environ).items()
    ]
