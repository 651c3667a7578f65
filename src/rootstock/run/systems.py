"""The systems that cells are tested on, each with what isolates the tests."""

from functools import partial

from rootstock.image.engines import Engine
from rootstock.run.context import BUILD_IMAGE, Context
from rootstock.run.planning import PlannedCell
from rootstock.run.state import State
from rootstock.smoke.run import System
from rootstock.smoke.systems import BUILDING


class Systems:
    """The systems that cells are tested on.

    A cell with an interpreter of this machine needs libraries and a glibc that the bare old system
    lacks. It is tested on the build image only, in which the interpreter was packaged.
    """

    def __init__(self, context: Context, state: State) -> None:
        self._context, self._images = context, state.images
        self._prepared: set[str] = set()

    def of(self, cell: PlannedCell) -> list[tuple[str, System, partial[Engine]]]:
        """Return the systems that a cell is tested on: id, system, and what prepares the engine."""
        if cell.local_only:
            system = BUILDING.of(self._images[BUILD_IMAGE])
            return [(BUILD_IMAGE, system, partial(self._engine, BUILD_IMAGE))]
        return [
            (one.id, one.of(self._images[one.id]), partial(self._engine, one.id))
            for one in self._context.request.systems
        ]

    def _engine(self, name: str) -> Engine:
        if name not in self._prepared:
            self._context.image(name)  # it was made earlier, so all its files are checked again
            self._context.engine.prepare(self._images[name].root)
            self._prepared.add(name)
        return self._context.engine
