"""The systems that cells are tested on, each with what isolates the tests."""

from functools import partial

from rootstock.image.engines import Engine
from rootstock.run.context import BARE_IMAGE, BUILD_IMAGE, Context
from rootstock.run.planning import PlannedCell
from rootstock.run.state import State
from rootstock.smoke.run import OLD_SYSTEM, System

BUILD_SYSTEM = "the build image"


class Systems:
    """The systems that cells are tested on.

    A cell with an interpreter of this machine needs libraries and a glibc that the bare old system
    lacks. It is tested on the build image, in which the interpreter was packaged.
    """

    def __init__(self, context: Context, state: State) -> None:
        self._context, self._images = context, state.images
        self._prepared: set[str] = set()

    def of(self, cell: PlannedCell) -> tuple[System, partial[Engine]]:
        """Return the system that a cell is tested on, and a function that prepares the engine."""
        own = cell.local_only
        name, title = (BUILD_IMAGE, BUILD_SYSTEM) if own else (BARE_IMAGE, OLD_SYSTEM)
        image = self._images[name]
        system = System(title, image.root, image.digest, bare=not own)
        return system, partial(self._engine, name)

    def _engine(self, name: str) -> Engine:
        if name not in self._prepared:
            self._context.image(name)  # it was made earlier, so all its files are checked again
            self._context.engine.prepare(self._images[name].root)
            self._prepared.add(name)
        return self._context.engine
