"""What the stages of a run share."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path

from rootstock.core.progress import Event, Listener
from rootstock.core.store import Store
from rootstock.image import profiles
from rootstock.image.engines import Engine
from rootstock.image.engines.choose import choose
from rootstock.image.rootfs import Image
from rootstock.run.request import Request
from rootstock.smoke import systems

BUILD_IMAGE = "build"


@dataclass(frozen=True, kw_only=True)
class Context:
    """The request of a run, the store, the listener, the folder of its logs, and the engine.

    `seconds` has the duration of each stage, by its name.
    """

    request: Request
    store: Store
    listen: Listener
    logs: Path
    seconds: dict[str, float] = field(default_factory=dict)

    @cached_property
    def engine(self) -> Engine:
        """The engine that was asked for, or the first that works; raises `MachineError`."""
        return choose(self.request.engine)

    def require_engine(self) -> None:
        """Raise `MachineError` unless the engine works."""
        _ = self.engine

    def image(self, name: str, *, check: bool = True) -> Image:
        """Return the build image or that of a system by its id; make it if the store lacks it.

        With `check`, all files of a stored image are checked. Raises what making it raises.
        """
        request = self.request
        if name == BUILD_IMAGE:
            make = partial(profiles.ensure, request.profile)
        else:
            [system] = [one for one in request.systems if one.id == name]
            make = partial(systems.ensure, system)
        return make(
            request.checkout,
            self.store,
            self.listen,
            relocked=request.relock,
            offline=request.offline,
            check=check,
        )

    def note(self, stage: str, text: str) -> None:
        """Show a note of a stage."""
        self.listen(Event(stage=stage, state="note", detail=text))

    @contextmanager
    def timed(self, stage: str) -> Iterator[None]:
        """Record the seconds of a stage, also if it fails."""
        started = time.monotonic()
        try:
            yield
        finally:
            self.seconds[stage] = round(time.monotonic() - started, 2)


def relock(request: Request, store: Store, listen: Listener) -> None:
    """Make the images; resolve an image again if one of its pinned packages is gone.

    This precedes the plan, because the digest of the build image is in every build key.
    """
    profiles.relock(request.profile, request.checkout, store, listen, offline=request.offline)
    for system in request.systems:
        systems.relock(system, request.checkout, store, listen, offline=request.offline)
