"""Root file systems put together from pinned Debian packages.

An image is named by a file `ci/images/NAME.yaml` (suite, packages) and a lock beside it with
every package's version, size and sha256. Its digest is a hash over both: it is known before a
byte is fetched, and it decides, through the build keys, what is built again.
"""

import hashlib
import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import yaml

from rootstock.core import process
from rootstock.core.errors import MachineError, NoSpace, SourceError, UsageError, means_no_space
from rootstock.core.progress import Event, Listener
from rootstock.core.seal import sha256_of
from rootstock.core.store import Store
from rootstock.image import description
from rootstock.image.bytecode import compile_modules
from rootstock.image.rootfs import MOUNT_POINTS, Image, create_mount_points, find_cached, publish
from rootstock.sources import apt
from rootstock.sources.apt import Pin

# Counts changes to how an image is put together that could change what is built in it: part of
# every image's digest.
_ASSEMBLY = 1
# What maintainer scripts would have set up, as far as a build needs it: name -> candidates.
_ALTERNATIVES: Mapping[str, Sequence[str]] = {
    "awk": ("gawk", "mawk"),
    "nawk": ("gawk", "mawk"),
    "cc": ("gcc",),
    "c++": ("g++",),
    "sh": ("dash",),
    "yacc": ("bison.yacc",),
    "which": ("which.debianutils",),
    "c89": ("c89-gcc",),
    "c99": ("c99-gcc",),
}


@dataclass(frozen=True, kw_only=True)
class Spec:
    """What an image is made of: a Debian suite and packages, with their closure or without."""

    name: str
    suite: str
    packages: tuple[str, ...]
    closure: bool
    pins: tuple[Pin, ...]

    @property
    def digest(self) -> str:
        """The image's digest (sha256, hexadecimal)."""
        lines = [f"assembly {_ASSEMBLY}", f"suite {self.suite}", *MOUNT_POINTS]
        lines += [f"{pin.name} {pin.version} {pin.sha256}" for pin in self.pins]
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()


class Gone(SourceError):
    """Versions that a lock pins, and that the archive no longer has."""

    def __init__(self, spec: Spec, gone: Mapping[Pin, str]) -> None:
        lines = [
            f"    {pin.name} {pin.version}" + (f", now {now}" if now else ", now none")
            for pin, now in gone.items()
        ]
        super().__init__(
            f"Debian {spec.suite} no longer has what the lock of the image {spec.name} pins, nor "
            "has the archive's pool:\n" + "\n".join(lines),
            "With --relock, `rootstock build` (also audit, smoke, image, ship, pack and publish) "
            "resolves them again: the image changes, and with the build image every build key, on "
            "this machine only. `rootstock image --lock` does so for everybody, once the lock is "
            f"committed. Or name a mirror that has them, in {apt.MIRROR_VARIABLE}.",
        )


def load_spec(path: Path, store: Store, *, relocked: bool = False) -> Spec:
    """Read `NAME.yaml` and its lock.

    With `relocked`, a lock that `relock` has left in the store takes the place of the one in the
    checkout.
    """
    try:
        raw = description.check(yaml.load(path.read_text(), yaml.CSafeLoader))
        own = path.with_suffix(".lock")
        again = relock_path(path, store)
        lock = again if relocked and again.exists() else own
        return Spec(
            name=path.stem,
            suite=raw["suite"],
            packages=tuple(raw["packages"]),
            closure=raw["closure"],
            pins=read_lock(lock) if lock.exists() else (),
        )
    except (OSError, KeyError, TypeError, ValueError, yaml.YAMLError) as error:
        raise UsageError(f"{path}: not the description of an image: {error}") from error


def read_lock(path: Path) -> tuple[Pin, ...]:
    """Read a lock: lines of `name version size sha256`, `#` begins a comment."""
    pins = []
    for line in path.read_text().splitlines():
        if line and not line.startswith("#"):
            name, version, size, sha256 = line.split()
            pins.append(Pin(name, version, int(size), sha256))
    return tuple(pins)


def write_lock(pins: Sequence[Pin], path: Path) -> None:
    """Write a lock that `read_lock` reads."""
    path.write_text(_lock_text(pins))


def _lock_text(pins: Sequence[Pin]) -> str:
    lines = ["# name version size sha256: written by `rootstock image --lock`"]
    lines += [f"{p.name} {p.version} {p.size} {p.sha256}" for p in pins]
    return "\n".join(lines) + "\n"


def lock(spec: Spec, store: Store) -> tuple[Pin, ...]:
    """Resolve a spec's packages against what the mirror has now."""
    suite = apt.open_suite(store, spec.suite)
    apt.refresh(suite)
    return apt.resolve(suite, spec.packages, spec.closure)


def relock_path(path: Path, store: Store) -> Path:
    """Where `relock` leaves the lock of an image: it counts until the checkout's lock changes."""
    own = path.with_suffix(".lock")
    name = hashlib.sha256(own.read_bytes()).hexdigest() if own.exists() else "none"
    return store.registry / "locks" / f"{path.stem}-{name[:16]}.lock"


def relock(path: Path, store: Store, listen: Listener, *, offline: bool = False) -> Image:
    """As `ensure`, with other versions where the archive no longer has the pinned ones.

    It then resolves all packages again, and a note lists the changes. The lock stays in the store,
    for `ensure` with `relocked`.
    """
    try:
        return ensure(path, store, listen, relocked=True, offline=offline)
    except Gone as error:
        _resolve(path, error, store, listen)
    return ensure(path, store, listen, relocked=True)


def ensure(
    path: Path,
    store: Store,
    listen: Listener,
    *,
    relocked: bool = False,
    offline: bool = False,
    check: bool = True,
) -> Image:
    """Have the image described by `path` in the store, and return it.

    `relocked` is as in `load_spec`, `check` as in `rootfs.kept`.

    Raises `Gone` when the archive no longer has a pinned version, `SourceError` when packages
    cannot be fetched, `MachineError` when the machine lacks what it takes to unpack them.
    """
    spec = load_spec(path, store, relocked=relocked)
    if (ready := find_cached(spec.name, spec.digest, store, listen, check=check)) is not None:
        return ready
    if offline:
        raise SourceError(f"the image {spec.name} is not in the store, and the run is offline")
    started = time.monotonic()
    listen(Event(stage="image", item=spec.name, state="start"))
    with store.scratch("image") as folder:
        debs = folder / "debs"
        debs.mkdir()
        _download(spec, debs, store, listen)
        root = folder / "whole" / "root"
        _assemble(spec, debs, root, listen)
        image = publish(spec.name, spec.digest, root, store)
    seconds = time.monotonic() - started
    listen(
        Event(stage="image", item=spec.name, state="done", seconds=seconds, detail=spec.digest[:12])
    )
    return image


def _resolve(path: Path, reason: Gone, store: Store, listen: Listener) -> None:
    """Write a lock of the suite's present versions into the store, and list the changes."""
    spec = load_spec(path, store, relocked=True)
    before = {pin.name: pin.version for pin in spec.pins}
    pins = lock(spec, store)
    store.write(relock_path(path, store), _lock_text(pins))
    changed = [
        f"{pin.name} {before.get(pin.name, '(new)')} -> {pin.version}"
        for pin in pins
        if before.get(pin.name) != pin.version
    ]
    note = (
        f"{reason.message}\nIts packages were resolved again, so the image changes, and with the "
        "build image every build key, on this machine only:\n"
        + "\n".join(f"    {line}" for line in changed)
        + "\nTo keep the new versions for everybody: rootstock image --lock, and commit the lock."
    )
    listen(Event(stage="image", item=spec.name, state="note", detail=note))


def _download(spec: Spec, into: Path, store: Store, listen: Listener) -> None:
    suite = apt.open_suite(store, spec.suite)
    total = sum(pin.size for pin in spec.pins)

    def report(done: int) -> None:
        listen(
            Event(stage="image", item=spec.name, state="progress", done=done, total=total, unit="B")
        )

    with _watching(into, report):
        gone = apt.download(suite, spec.pins, into)
    if gone:
        raise Gone(spec, gone)
    for pin in spec.pins:
        file = apt.find(pin, into)
        if sha256_of(file) != pin.sha256:
            raise SourceError(
                f"{file.name} is not the file that the lock of {spec.name} pins",
                "The mirror serves other bytes under a pinned version: use another mirror.",
            )


@contextmanager
def _watching(folder: Path, report: Callable[[int], None]) -> Iterator[None]:
    """Report the size of a folder every half second while a block runs."""
    stop = threading.Event()

    def watch() -> None:
        while not stop.wait(0.5):
            try:
                report(sum(entry.stat().st_size for entry in os.scandir(folder) if entry.is_file()))
            except FileNotFoundError:  # apt renames files while they are counted
                continue

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def _assemble(spec: Spec, debs: Path, root: Path, listen: Listener) -> None:
    if not shutil.which("dpkg-deb"):
        raise MachineError(
            "dpkg-deb is not on this machine", "Install dpkg, or use another profile."
        )
    root.mkdir(parents=True)
    # base-files makes /bin, /lib, ... links into /usr: it must be first.
    order = sorted(spec.pins, key=lambda pin: (pin.name != "base-files", pin.name))
    _unpack(apt.find(order[0], debs), root)
    for name in ("bin", "sbin", "lib", "lib64"):
        (root / "usr" / name).mkdir(parents=True, exist_ok=True)
        if not (root / name).exists():
            (root / name).symlink_to(f"usr/{name}")
    done = 1
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for _ in pool.map(lambda pin: _unpack(apt.find(pin, debs), root), order[1:]):
            done += 1
            listen(
                Event(
                    stage="image",
                    item=spec.name,
                    state="progress",
                    done=done,
                    total=len(order),
                    unit="packages",
                )
            )
    _finish(root)
    if reason := compile_modules(root):
        note = f"its Python modules are not compiled, each start takes longer: {reason}"
        listen(Event(stage="image", item=spec.name, state="note", detail=note))


def _unpack(deb: Path, root: Path) -> None:
    done = process.run(["dpkg-deb", "-x", deb, root])
    if done.code:
        if means_no_space(done.output):
            raise NoSpace(root)
        raise SourceError(f"{deb.name} could not be unpacked: {done.output.strip()}")


def _finish(root: Path) -> None:
    """What the packages' maintainer scripts would have done, as far as a build needs it."""
    programs = root / "usr/bin"
    for name, candidates in _ALTERNATIVES.items():
        for candidate in candidates:
            if (programs / candidate).exists() and not (programs / name).exists():
                (programs / name).symlink_to(candidate)
    for name in ("aclocal", "automake"):
        versions = sorted(programs.glob(f"{name}-1.*"))
        if versions and not (programs / name).exists():
            (programs / name).symlink_to(versions[-1].name)
    authorities = sorted((root / "usr/share/ca-certificates").rglob("*.crt"))
    if authorities:  # rattler-build does not start without any
        bundle = root / "etc/ssl/certs/ca-certificates.crt"
        bundle.parent.mkdir(parents=True, exist_ok=True)
        bundle.write_bytes(b"".join(path.read_bytes() for path in authorities))
    create_mount_points(root)
