"""Publishes a snapshot to a target: staged, read back, tested from there, and shown in one step.

If it ends before that step, users of the target see no change, and the same command continues. It
asks the target for its files, and the store records what was read back. It never overwrites or
removes anything at a target.
"""

import hashlib
import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from rootstock.channel import write_lock
from rootstock.channel.release_model import ReleasedCell
from rootstock.core.errors import RefusedError
from rootstock.core.formatting import counted
from rootstock.core.names import listed
from rootstock.core.progress import Event, Listener
from rootstock.core.store import Store
from rootstock.publish import web
from rootstock.publish.retry import Retrier, RetryPolicy, again
from rootstock.publish.snapshot import ChannelSnapshot, SnapshotPackage
from rootstock.publish.target import Conflict, Missing, RemoteState, Target, TransientError
from rootstock.release.builders import Builders, published

_STAGE = "publish"

Smoke = Callable[[Mapping[str, ReleasedCell], str], None]


@dataclass(frozen=True, kw_only=True)
class Publication:
    """The result of publishing: the uploaded paths, and those that became visible."""

    target: str
    url: str
    generation: int
    uploaded: tuple[str, ...]
    read: tuple[str, ...]
    cells: tuple[str, ...]
    shown: tuple[str, ...]


def place(target: Target, store: Store) -> Path:
    """The folder of the store for a target."""
    text = f"{target.name}\n{target.shown_url}"
    return store.publication(hashlib.sha256(text.encode()).hexdigest())


def compare(
    snapshot: ChannelSnapshot, target: Target, listen: Listener, policy: RetryPolicy
) -> RemoteState:
    """Return the files of a snapshot that a target has; this changes nothing.

    Raises `RefusedError` when it has other bytes of the same name.
    """
    remote = again(lambda: target.look(snapshot), target.name, policy, listen)
    other = []
    for package in snapshot.packages:
        there = remote.files.get(package.path)
        if there and there.sha256 not in ("", package.sha256):
            other.append(package.path)
    if other:
        raise RefusedError(
            f"{target.name} has other files of the same names: {listed(other)}",
            "Nothing was changed. Published files are never overwritten: publish elsewhere, or "
            "change the recipes, which gives new file names.",
        )
    return remote


def require_builders(
    snapshot: ChannelSnapshot, packages: Sequence[SnapshotPackage], builders: Builders | None
) -> None:
    """Raise `RefusedError` when too few builders stand behind packages of a snapshot.

    Statements count that are in the releases of the snapshot, or among those of `builders`.
    """
    if builders:
        sha256s = {package.filename: package.sha256 for package in packages}
        builders.require(sha256s, published(snapshot.channel, snapshot.releases, sha256s))


def publish(
    snapshot: ChannelSnapshot,
    target: Target,
    store: Store,
    listen: Listener,
    smoke: Smoke,
    *,
    policy: RetryPolicy,
    stage_only: bool = False,
    builders: Builders | None = None,
) -> Publication:
    """Publish a snapshot; `smoke` tests cells from a channel's URL and raises on failure.

    `builders` must stand behind the packages that become visible. With `stage_only` it ends before
    the test, and nothing becomes visible.

    Raises `RefusedError` when the target has other bytes of the same name, returns other bytes than
    it got, or refuses the token. Also when too few builders stand behind a package, and when
    another process with this store is publishing to it. Raises `SourceError` when the target cannot
    be reached, and what `smoke` raises. Nothing is visible then.
    """
    listen(Event(stage=_STAGE, state="start", detail=target.name))
    started = time.monotonic()
    uploaded: tuple[str, ...] = ()
    read: tuple[str, ...] = ()
    cells: Mapping[str, ReleasedCell] = {}
    with _alone(target, store):
        remote = compare(snapshot, target, listen, policy)
        hidden = remote.hidden(snapshot)
        require_builders(snapshot, hidden, builders)
        if not remote.settled:
            uploaded = _upload(snapshot, remote, target, listen, policy)
            read = _read_back(hidden, target, store, listen, policy)
            _await_index(snapshot, target.staged_url, listen, policy)
        if not (remote.settled or stage_only):
            cells = _cells_with(hidden, snapshot)
            smoke(cells, target.staged_url)
            _show(snapshot, target, listen, policy)
    seen = 0 if stage_only else len(hidden)
    listen(
        Event(
            stage=_STAGE,
            state="done",
            seconds=time.monotonic() - started,
            detail=f"{len(uploaded)} uploaded, {seen} new: {target.name}",
        )
    )
    return Publication(
        target=target.name,
        url=target.staged_url if stage_only else target.shown_url,
        generation=snapshot.number,
        uploaded=uploaded,
        read=read,
        cells=tuple(cells),
        shown=() if stage_only else tuple(package.path for package in hidden),
    )


def _cells_with(
    hidden: Sequence[SnapshotPackage], snapshot: ChannelSnapshot
) -> Mapping[str, ReleasedCell]:
    """Return the cells by which to test packages that become visible."""
    cells = snapshot.cells_with({package.filename for package in hidden})
    if hidden and not cells:
        raise RefusedError(
            f"{snapshot.channel} has no release that describes how to test its packages",
            "Build its cells again, which promotes them with a release.",
        )
    return cells


def _upload(
    snapshot: ChannelSnapshot,
    remote: RemoteState,
    target: Target,
    listen: Listener,
    policy: RetryPolicy,
) -> tuple[str, ...]:
    """Upload the missing packages to the staged channel; return their paths."""
    retrier = Retrier(target.name, policy, listen)
    first = missing = remote.missing(snapshot)
    while True:
        conflict: Conflict | None = None
        try:
            target.put(snapshot, remote, _Progress(missing, listen))
            return tuple(package.path for package in first)
        except Conflict as error:
            conflict = error  # another process was faster; look at its files
        except TransientError as error:
            retrier.wait(error)
        remote = compare(snapshot, target, listen, policy)
        before, missing = missing, remote.missing(snapshot)
        if len(missing) < len(before):
            retrier.went_on()
        elif conflict:
            raise conflict


class _Progress:
    """Adds up the sent bytes of several packages."""

    def __init__(self, packages: Sequence[SnapshotPackage], listen: Listener) -> None:
        self._sent: dict[str, int] = {}
        self._total = sum(package.size for package in packages)
        self._listen = listen

    def __call__(self, package: SnapshotPackage, sent: int) -> None:
        self._sent[package.path] = sent
        self._listen(
            Event(
                stage=_STAGE,
                item="upload",
                state="progress",
                done=sum(self._sent.values()),
                total=self._total,
                unit="B",
                detail=package.filename,
            )
        )


def _read_back(
    packages: Sequence[SnapshotPackage],
    target: Target,
    store: Store,
    listen: Listener,
    policy: RetryPolicy,
) -> tuple[str, ...]:
    """Download the uploaded files and compare every byte; return the paths that were read.

    Files that an earlier run read and found right are not read again.
    """
    record = place(target, store) / "read.json"
    known = _known(record)
    read = []
    total, done = sum(package.size for package in packages), 0
    for package in packages:
        if known.get(package.path) != package.sha256:
            what = f"reading back {package.filename}"
            again(partial(_require, package, target, policy), what, policy, listen)
            known[package.path] = package.sha256
            value = {"target": target.name, "read": known}
            store.write(record, json.dumps(value, indent=1, sort_keys=True) + "\n")
            read.append(package.path)
        done += package.size
        listen(
            Event(
                stage=_STAGE,
                item="read back",
                state="progress",
                done=done,
                total=total,
                unit="B",
                detail=package.filename,
            )
        )
    return tuple(read)


def _require(package: SnapshotPackage, target: Target, policy: RetryPolicy) -> None:
    try:
        sha256, size = web.sha256_of(target.url_of(package), timeout=policy.timeout)
    except Missing as error:
        raise TransientError(error.message) from error  # a server may need a while
    if sha256 != package.sha256:
        raise RefusedError(
            f"{target.name} returns other bytes than it got: {package.path} has "
            f"{size} bytes with the sha256 {sha256}, but {package.size} with {package.sha256} "
            "were sent",
            "It was not made visible. Remove the file there; then run the same command again.",
        )


def _known(record: Path) -> dict[str, str]:
    try:
        value = json.loads(record.read_text())
        return {str(path): str(sha256) for path, sha256 in value["read"].items()}
    except (OSError, ValueError, KeyError, AttributeError, TypeError):
        return {}


def _await_index(
    snapshot: ChannelSnapshot, url: str, listen: Listener, policy: RetryPolicy
) -> None:
    """Wait until a channel's index lists the whole snapshot, with its hashes."""

    def look() -> None:
        wrong = []
        for subdir in sorted({"noarch", *(package.subdir for package in snapshot.packages)}):
            try:
                place = web.join(url, f"{subdir}/repodata.json")
                table = web.read_json(place, timeout=policy.timeout)
            except Missing as error:
                raise TransientError(error.message) from error
            listed = table.get("packages.conda", {})
            for package in (p for p in snapshot.packages if p.subdir == subdir):
                if listed.get(package.filename, {}).get("sha256") != package.sha256:
                    wrong.append(package.path)
        if wrong:
            raise TransientError(
                f"{url} does not list {len(wrong)} of {counted(len(snapshot.packages), 'package')} "
                f"correctly, among them {wrong[0]}",
                "Run the same command again when its index is ready.",
            )

    again(look, "the index", policy, listen)


def _show(snapshot: ChannelSnapshot, target: Target, listen: Listener, policy: RetryPolicy) -> None:
    cut = False

    def step() -> None:
        nonlocal cut
        # First check whether an interrupted step has happened.
        if not (cut and target.look(snapshot).settled):
            cut = True
            target.show(snapshot)

    again(step, target.name, policy, listen)
    _await_index(snapshot, target.shown_url, listen, policy)


@contextmanager
def _alone(target: Target, store: Store) -> Iterator[None]:
    folder = place(target, store)
    folder.mkdir(parents=True, exist_ok=True)
    with write_lock.writer(folder / "lock", what=target.name):
        yield
