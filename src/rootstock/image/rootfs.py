"""Functions for every root file system, whatever its origin."""

import os
import stat
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from rootstock.core import seal
from rootstock.core import store as places
from rootstock.core.errors import MachineError
from rootstock.core.progress import Event, Listener
from rootstock.core.store import Store
from rootstock.image.engines import UID
from rootstock.image.engines.outsider import admit

# Folders in every image on which sandboxes mount something.
MOUNT_POINTS = (
    "tool",
    "site/rattler_build",
    "build",
    "deps",
    "sources",
    "env",
    "checks",
    "out",
    "stubs",
)


@dataclass(frozen=True, kw_only=True)
class Image:
    """A root file system in the store."""

    name: str
    digest: str
    root: Path


def find_cached(
    name: str, digest: str, store: Store, listen: Listener, *, check: bool
) -> Image | None:
    """Return the image of a digest, or None when the store lacks it.

    With `check`, it compares the image with its seal, and removes a damaged one.

    Raises `MachineError` when it belongs to another user and is not readable.
    """
    place = store.image(digest)
    root = place / "root"
    if place.exists() and not _readable(root):
        raise MachineError(
            f"the image {root} is not readable: it belongs to {_owner(place)}",
            "Ask the owner for access (chmod -R a+rX), or set ROOTSTOCK_HOME to your own folder.",
        )
    if root.is_dir() and (not check or seal.holds(root)):
        listen(Event(stage="image", item=name, state="kept", detail=digest[:12]))
        return Image(name=name, digest=digest, root=root)
    if place.exists():
        message = f"{place} is damaged: rootstock makes it again"
        listen(Event(stage="image", item=name, state="note", detail=message))
        store.discard(place, lambda: seal.holds(root))
    return None


def _readable(root: Path) -> bool:
    """Whether the seal and the top folders are readable, as far as they exist."""
    for place in (root.parent, seal.place_of(root), root, root / "usr"):
        try:
            status = place.stat()
        except FileNotFoundError:
            continue
        except PermissionError:
            return False
        if not os.access(place, os.R_OK | (os.X_OK if stat.S_ISDIR(status.st_mode) else 0)):
            return False
    return True


def _owner(place: Path) -> str:
    with suppress(KeyError):
        return place.owner()
    return f"user {place.stat().st_uid}"


def publish(name: str, digest: str, root: Path, store: Store) -> Image:
    """Seal a finished root file system, alone in its folder, and put it into the store."""
    admit(root)
    seal.put(root)
    places.publish(root.parent, store.image(digest))
    return Image(name=name, digest=digest, root=store.image(digest) / root.name)


def create_mount_points(root: Path) -> None:
    """Make what sandboxes need in a root file system: folders to mount at, and a user."""
    for name in ("tmp", "proc", "sys", "dev", "run", "root", "home", "etc", "var/tmp"):
        (root / name).mkdir(parents=True, exist_ok=True)
    for name in MOUNT_POINTS:
        (root / "rootstock" / name).mkdir(parents=True, exist_ok=True)
    (root / "tmp").chmod(0o1777)
    etc = root / "etc"
    user = f"rootstock:x:{UID}:{UID}::/tmp:/bin/sh\n"
    (etc / "passwd").write_text(f"root:x:0:0:root:/root:/bin/sh\n{user}")
    (etc / "group").write_text(f"root:x:0:\nrootstock:x:{UID}:\n")
    (etc / "hosts").write_text("127.0.0.1 localhost\n")
    (etc / "nsswitch.conf").write_text("passwd: files\ngroup: files\nhosts: files\n")
