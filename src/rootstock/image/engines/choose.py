"""Choose the engine of a run: the one that was asked for, or the first that works."""

from collections.abc import Mapping

from rootstock import process
from rootstock.errors import MachineError, UsageError
from rootstock.image.engines import Engine
from rootstock.image.engines.bubblewrap import Bubblewrap
from rootstock.image.engines.container import Container
from rootstock.image.engines.unshare import Unshare

# In the order in which `auto` tries them: without root first.
ENGINES: Mapping[str, Engine] = {
    engine.name: engine
    for engine in (Bubblewrap(), Unshare(), Container("podman"), Container("docker"))
}


def why_not(engine: Engine) -> str | None:
    """Why an engine cannot be used on this machine, or None when it can: it is tried."""
    try:
        done = process.run(engine.probe(), timeout=20)
    except MachineError as error:
        return error.message
    if done.code == 0:
        return None
    lines = done.output.strip().splitlines()
    return lines[-1] if lines else f"{engine.name} ended with {done.code}"


def choose(name: str) -> Engine:
    """The engine called `name`, or with `auto` the first that works here.

    Raises `UsageError` for a name that is none, `MachineError` when it, or none, works here.
    """
    if name != "auto" and name not in ENGINES:
        raise UsageError(f"{name}: no such engine", f"Known: auto, {', '.join(ENGINES)}")
    reasons = {}
    for candidate in ENGINES if name == "auto" else [name]:
        reason = why_not(ENGINES[candidate])
        if reason is None:
            return ENGINES[candidate]
        reasons[candidate] = reason
    raise MachineError(
        "builds cannot be isolated on this machine:\n"
        + "\n".join(f"    {engine}: {reason}" for engine, reason in reasons.items()),
        "Allow user namespaces (sysctl kernel.unprivileged_userns_clone=1, or on Ubuntu "
        "kernel.apparmor_restrict_unprivileged_userns=0), or install podman or docker.",
    )
