"""How long each package took to build, the last time: what decides the order of builds."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from rootstock.build.artifact import Artifact
from rootstock.progress import Event, Listener
from rootstock.store import Store


def known(checkout: Path, store: Store, listen: Listener) -> dict[str, float]:
    """Seconds by package: those of this machine, and for the rest those of the checkout."""
    return _read(checkout / "ci/durations.json", listen) | _read(store.durations, listen)


def remember(built: Iterable[Artifact], store: Store, listen: Listener) -> None:
    """Keep how long some builds took."""
    new = {artifact.name: artifact.seconds for artifact in built}
    if new:
        durations = _read(store.durations, listen) | new
        store.write(store.durations, json.dumps(durations, indent=1, sort_keys=True) + "\n")


def _read(path: Path, listen: Listener) -> dict[str, float]:
    """The seconds in a file; none when it is not there, or holds something else."""
    try:
        read: Mapping[str, float] = json.loads(path.read_text())
        return {name: float(seconds) for name, seconds in read.items()}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, TypeError, AttributeError):
        told = f"{path} is damaged: packages are built in another order"
        listen(Event(stage="build", state="note", detail=told))
        return {}
