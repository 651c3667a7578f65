"""Root file systems out of container images, which podman or docker have, pull or build.

Any engine can then use them from the store, like those of Debian packages.
"""

import hashlib
import time
from pathlib import Path

from rootstock.core import process
from rootstock.core.errors import MachineError, SourceError
from rootstock.core.progress import Event, Listener
from rootstock.core.store import Store
from rootstock.image.engines.choose import BUILDERS, why_not
from rootstock.image.rootfs import MOUNT_POINTS, Image, create_mount_points, find_cached, publish

# Counts changes to how an image is unpacked: part of the digest of those that are pulled.
_ASSEMBLY = 1
_TAIL = 15  # lines of the log that an error shows

# Only root can make device files, and a sandbox has its own.
_EXPORT = """
made=$("$1" create "$2" true)
trap '"$1" rm "$made" >/dev/null' EXIT
"$1" export "$made" | tar -x -C "$3" --exclude='dev/*' --no-same-owner
chmod -R u+rwX "$3"
"""


def program(what: str, instead: str) -> str:
    """Return the program that handles images on this machine: podman or docker.

    Raises `MachineError` when neither works: `what` needs them, and `instead` is the way without.
    """
    reasons = {engine.name: why_not(engine) for engine in BUILDERS}
    for name, reason in reasons.items():
        if reason is None:
            return name
    raise MachineError(
        f"{what} needs podman or docker, and neither works here:\n"
        + "\n".join(f"    {name}: {reason}" for name, reason in reasons.items()),
        f"Install one of them, or {instead}",
    )


def unpack(using: str, image: str, name: str, digest: str, store: Store, log: Path) -> Image:
    """Unpack an image that podman or docker (`using`) has, and put it into the store.

    Raises `MachineError` when that fails.
    """
    with store.scratch("image") as scratch:
        root = scratch / "whole" / "root"
        root.mkdir(parents=True)
        words = ["bash", "-o", "pipefail", "-euc", _EXPORT, "export"]
        done = process.run([*words, using, image, root], log=log)
        if done.code:
            raise MachineError(f"{using} did not export {name}:\n{tail(log)}", f"Log: {log}")
        create_mount_points(root)
        return publish(name, digest, root, store)


def ensure(
    name: str,
    reference: str,
    store: Store,
    listen: Listener,
    *,
    offline: bool = False,
    check: bool = True,
) -> Image:
    """Return the root file system of an image by its reference, such as `docker.io/fedora:44`.

    It is pulled if podman or docker has no image of this reference. So a tag means what it meant
    when it was pulled. `check` is as in `rootfs.find_cached`.

    Raises `MachineError` when neither podman nor docker works, and `SourceError` when it cannot be
    pulled.
    """
    using = program(f"the system {name}", "choose systems of Debian packages: --on 'debian*'.")
    listen(Event(stage="image", item=name, state="start"))
    started = time.monotonic()
    log = store.runs / f"image-{name}.log"
    log.unlink(missing_ok=True)
    identity = _identity(using, reference)
    if not identity:
        if offline:
            raise SourceError(f"{using} does not have {reference}, and the run is offline")
        done = process.run([using, "pull", reference], log=log)
        identity = _identity(using, reference)
        if done.code or not identity:
            raise SourceError(f"{using} did not pull {reference}:\n{tail(log)}", f"Log: {log}")
    lines = [f"assembly {_ASSEMBLY}", *MOUNT_POINTS, identity]
    digest = hashlib.sha256("\n".join(lines).encode()).hexdigest()
    if (ready := find_cached(name, digest, store, listen, check=check)) is not None:
        return ready
    image = unpack(using, identity, name, digest, store, log)
    seconds = time.monotonic() - started
    listen(Event(stage="image", item=name, state="done", seconds=seconds, detail=digest[:12]))
    return image


def _identity(using: str, reference: str) -> str:
    """Return the id of an image that is there (a hash over its content); else an empty text."""
    asked = process.run([using, "image", "inspect", "--format", "{{.Id}}", reference])
    return "" if asked.code else asked.output.strip()


def tail(log: Path) -> str:
    """Return the last lines of a log, indented as errors show them."""
    return "\n".join(f"    {line}" for line in process.tail(log, _TAIL))
