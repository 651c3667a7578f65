"""Packing: an environment for a place that is read-only later, such as CVMFS.

The result is a tar file of the environment's files as for their final path: readable by everybody,
without owners, compiled, in a fixed order and with a fixed time. The same release and path give the
same bytes.
"""

import json
import os
import tarfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import IO, Any

import zstandard

from rootstock import product as products
from rootstock.core import names
from rootstock.core.errors import UsageError
from rootstock.core.names import NotAllowed
from rootstock.core.progress import Event, Listener
from rootstock.core.seal import sha256_of
from rootstock.core.store import Store
from rootstock.environment import creation
from rootstock.environment.creation import Locked
from rootstock.offline import relocate
from rootstock.offline.selection import Selection
from rootstock.offline.target import appearing
from rootstock.offline.trial import OldSystem, check_place
from rootstock.smoke.report import SmokeReport

_STAGE = "pack"
_LEVEL = 9  # zstd
_CVMFS = "/cvmfs/"
# An empty file that makes CVMFS keep its folder in a catalogue of its own.
_CATALOG = ".cvmfscatalog"
# Package managers that find this file change nothing (CEP 22).
_FROZEN = "conda-meta/frozen"
_NOWHERE = "file:///rootstock/channel"  # the origin of packages in records, if no public one exists


@dataclass(frozen=True, kw_only=True)
class Packed:
    """A finished file: its path, its numbers of files and bytes, and the result of its trial."""

    path: Path
    prefix: str
    release: int
    cell: str
    packages: int
    files: int
    unpacked: int
    size: int
    sha256: str
    smoke: SmokeReport | None

    def as_json(self) -> dict[str, Any]:
        """The result as a JSON object."""
        smoke = self.smoke.as_json() if self.smoke else None
        return {**asdict(self), "path": str(self.path), "smoke": smoke}


def make(
    selection: Selection,
    prefix: str,
    target: Path,
    *,
    testbed: OldSystem | None,
    store: Store,
    listen: Listener,
) -> Packed:
    """Pack a selection of one cell for `prefix` into the file `target`: .tar, or .tar.zst.

    With a `testbed`, it is unpacked again, mounted read-only at its prefix, and smoke-tested.

    Raises `UsageError` for an invalid prefix or target, or a prefix that cannot be tested,
    `RefusedError` when the target exists, `PackFailed`, `SmokeFailed`, and what
    `environment.create_locked` does.
    """
    cell, final = selection.cell, PurePosixPath(prefix)
    check_words(prefix, target)
    if testbed:
        check_place(prefix)
        testbed.require_mountable(prefix)
    locked = [
        Locked(url=selection.channel.place.at(p.url), sha256=p.sha256, md5=p.md5, size=p.size)
        for p in selection.release.of(cell)
    ]
    with appearing(target) as part, store.scratch("pack") as scratch:
        place = scratch / "e"
        if len(str(place)) > relocate.LONGEST:
            raise UsageError(f"{store.root} is too long", "Set ROOTSTOCK_HOME.")
        creation.create_locked(place, locked, cache=store.packages, listen=listen)
        listen(Event(stage=_STAGE, item=cell, state="start"))
        channel = selection.release.channel
        relocate.relocate(place, final, channel if channel.startswith("http") else _NOWHERE)
        (place / _FROZEN).write_text(_frozen(selection, prefix))
        if prefix.startswith(_CVMFS):
            (place / _CATALOG).touch()
        time = int(datetime.fromisoformat(selection.release.time).timestamp())
        members = list(_members(place, time))
        _write(part, place, members)
        listen(Event(stage=_STAGE, item=cell, state="done"))
        smoke = _try(selection, part, prefix, scratch, testbed, listen) if testbed else None
        size, sha256 = part.stat().st_size, sha256_of(part)
    return Packed(
        path=target,
        prefix=prefix,
        release=selection.release.release,
        cell=cell,
        packages=len(locked),
        files=len(members),
        unpacked=sum(member.size for member in members),
        size=size,
        sha256=sha256,
        smoke=smoke,
    )


def _frozen(selection: Selection, prefix: str) -> str:
    message = (
        f"This environment is {selection.cell} of release {selection.release.release}, packed for "
        f"{prefix}.\nDo not change it: unpack another release in its place."
    )
    return json.dumps({"message": message}) + "\n"


def check_words(prefix: str, target: Path) -> None:
    """Raise `UsageError` unless `prefix` and `target` are valid for packing."""
    try:
        names.prefix(prefix)
    except NotAllowed as error:
        raise UsageError(str(error), "Choose another path (docs/users.md).") from error
    if not relocate.is_sound(prefix):
        raise UsageError(
            f"{prefix} is not a valid path for an environment",
            f"Use an absolute path of letters, digits and ._+-, of at most {relocate.LONGEST} "
            "bytes: the first lines of scripts may not be longer.",
        )
    if not target.name.endswith((".tar", ".tar.zst")):
        raise UsageError(f"{target} must be a .tar or .tar.zst file")


def _members(prefix: Path, time: int) -> Iterator[tarfile.TarInfo]:
    """Yield the members of the tar file, sorted; paths are relative to the prefix."""
    for path in sorted(prefix.rglob("*")):
        member = tarfile.TarInfo(str(path.relative_to(prefix)))
        status = path.lstat()
        member.mtime = time
        if path.is_symlink():
            member.type, member.linkname, member.mode = tarfile.SYMTYPE, os.readlink(path), 0o777
        elif path.is_dir():
            member.type, member.mode = tarfile.DIRTYPE, 0o755
        else:
            member.size = status.st_size
            member.mode = 0o755 if status.st_mode & 0o111 else 0o644
        yield member


def _write(file: Path, prefix: Path, members: list[tarfile.TarInfo]) -> None:
    with file.open("wb") as raw:
        if file.suffix == ".zst":
            # The number of threads does not change the bytes, if it is not zero.
            packer = zstandard.ZstdCompressor(level=_LEVEL, threads=max(1, os.cpu_count() or 1))
            with packer.stream_writer(raw, closefd=False) as stream:
                _fill(stream, prefix, members)
        else:
            _fill(raw, prefix, members)
    file.chmod(0o644)


def _fill(stream: IO[bytes], prefix: Path, members: list[tarfile.TarInfo]) -> None:
    with tarfile.open(fileobj=stream, mode="w|", format=tarfile.PAX_FORMAT) as tar:
        for member in members:
            if member.isreg():
                with (prefix / member.name).open("rb") as content:
                    tar.addfile(member, content)
            else:
                tar.addfile(member)


def unpack(file: Path, folder: Path) -> None:
    """Unpack a file from `make`."""
    with file.open("rb") as raw:
        packed = file.suffix == ".zst"
        stream: Any = zstandard.ZstdDecompressor().stream_reader(raw) if packed else raw
        with tarfile.open(fileobj=stream, mode="r|") as tar:
            # Not filter="data", which Python 3.10 may lack: the file is ours.
            tar.extractall(folder)


def _try(
    selection: Selection,
    file: Path,
    prefix: str,
    scratch: Path,
    testbed: OldSystem,
    listen: Listener,
) -> SmokeReport:
    folder, outputs = scratch / "unpacked", scratch / "out"
    outputs.mkdir()
    unpack(file, folder)
    names = [package.name for package in selection.packages]
    report = testbed.check(
        selection.cell,
        folder,
        names,
        product=products.named(selection.release.product),
        at=prefix,
        scratch=outputs,
        listen=listen,
    )
    report.raise_for_failure()
    return report
