"""Chooses the engine of a run: the requested one, or the first that works."""

from collections.abc import Mapping

from rootstock.core import process
from rootstock.core.errors import MachineError, UsageError
from rootstock.image.engines import ALLOW_NAMESPACES, Engine
from rootstock.image.engines.bubblewrap import Bubblewrap
from rootstock.image.engines.container import Container
from rootstock.image.engines.unshare import Unshare

_PATIENCE = 60.0  # seconds for a trial run: podman without root copies its storage each time
_PODMAN = Container(
    "podman",
    "Install podman, 4.3 or newer, and uidmap; have yourself entered in /etc/subuid and "
    "/etc/subgid: usermod --add-subuids 100000-165535 --add-subgids 100000-165535 $USER",
)
_DOCKER = Container(
    "docker",
    "Install docker, start its daemon on this machine, and have yourself entered in the group "
    "docker: usermod --append --groups docker $USER, then log in again.",
)
# Those that can also pull and build an image.
BUILDERS = (_PODMAN, _DOCKER)
# In the order in which `auto` tries them: without root first.
ENGINES: Mapping[str, Engine] = {
    engine.name: engine for engine in (Bubblewrap(), Unshare(), _PODMAN, _DOCKER)
}


def why_not(engine: Engine) -> str | None:
    """Return why an engine does not work on this machine, or None; it runs a trial."""
    try:
        done = process.run(engine.probe(), timeout=_PATIENCE)
    except MachineError as error:
        return error.message
    if done.code == 0:
        return None
    if done.over:
        return f"its trial run did not end within {_PATIENCE:.0f} s"
    lines = done.output.strip().splitlines()
    return lines[-1] if lines else f"{engine.name} ended with {done.code}"


def choose(name: str) -> Engine:
    """Return the engine called `name`, or with `auto` the first that works here.

    Raises `UsageError` for an unknown name, and `MachineError` when it, or none, works here.
    """
    if name != "auto" and name not in ENGINES:
        raise UsageError(f"{name}: no such engine", f"Known: auto, {', '.join(ENGINES)}")
    if name != "auto":
        if reason := why_not(ENGINES[name]):
            raise MachineError(f"{name} does not work here: {reason}", ENGINES[name].remedy)
        return ENGINES[name]
    reasons = {}
    for engine in ENGINES.values():
        reason = why_not(engine)
        if reason is None:
            return engine
        reasons[engine.name] = reason
    raise MachineError(
        "builds cannot be isolated on this machine:\n"
        + "\n".join(f"    {engine}: {reason}" for engine, reason in reasons.items()),
        f"{ALLOW_NAMESPACES} Or install podman or docker.",
    )
