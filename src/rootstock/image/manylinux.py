"""The root file system of the profile `manylinux`: `docker/Dockerfile`, built and unpacked.

podman or docker pull its base and build it; any engine can then use it from the store, like any
other root file system. Its digest is a hash over the folder `docker/`, which pins the base and the
compiler's sources by theirs: it is known before any download.
"""

import hashlib
import time
from pathlib import Path

from rootstock.core import process
from rootstock.core.errors import SourceError
from rootstock.core.progress import Event, Listener
from rootstock.core.store import Store
from rootstock.image import containers
from rootstock.image.rootfs import MOUNT_POINTS, Image, find_cached

NAME = "manylinux"
UNPROVEN = "untested: its authors could not download its base image (README.md)"
# The version of assembling an image: part of every image's digest.
_ASSEMBLY = 1


def digest(folder: Path) -> str:
    """Return the digest of the image of a folder with a Dockerfile (sha256, hexadecimal)."""
    hashed = hashlib.sha256("\n".join([f"assembly {_ASSEMBLY}", *MOUNT_POINTS]).encode())
    for path in sorted(path for path in folder.iterdir() if path.is_file()):
        hashed.update(f"\n{path.name} {hashlib.sha256(path.read_bytes()).hexdigest()}".encode())
    return hashed.hexdigest()


def builder() -> str:
    """Return the program that can build a Dockerfile on this machine: podman or docker.

    Raises `MachineError` when neither works.
    """
    return containers.program(f"the profile {NAME}", "use --profile debian.")


def ensure(
    folder: Path, store: Store, listen: Listener, *, offline: bool = False, check: bool = True
) -> Image:
    """Return the image of a folder with a Dockerfile; build it if the store lacks it.

    `check` is as in `rootfs.find_cached`.

    Raises `MachineError` when neither podman nor docker works, and `SourceError` when they cannot
    pull or build it; the log of that stays in the store's folder for runs.
    """
    name = digest(folder)
    if (ready := find_cached(NAME, name, store, listen, check=check)) is not None:
        return ready
    if offline:
        raise SourceError(f"the image {NAME} is not in the store, and the run is offline")
    program = builder()
    listen(Event(stage="image", item=NAME, state="start"))
    warning = f"The profile {NAME} is {UNPROVEN}."
    listen(Event(stage="image", item=NAME, state="note", detail=warning))
    started = time.monotonic()
    log = store.runs / f"image-{name[:12]}.log"
    log.unlink(missing_ok=True)
    with store.scratch("image") as scratch:
        id_file = scratch / "id"
        done = process.run([program, "build", "--iidfile", id_file, folder], log=log)
        if done.code:
            raise SourceError(
                f"{program} did not build {folder}:\n{containers.tail(log)}",
                f"Log: {log}\n{warning}",
            )
        image = containers.unpack(program, id_file.read_text().strip(), NAME, name, store, log)
    seconds = time.monotonic() - started
    listen(Event(stage="image", item=NAME, state="done", seconds=seconds, detail=name[:12]))
    return image
