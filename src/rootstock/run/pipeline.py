"""The pipeline: the stages in the order that data flows, each fed with the last one's result."""

import os
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Literal

from rootstock.core import disk, process
from rootstock.core.errors import InterruptedByUser, RefusedError, RootstockError, raising_no_space
from rootstock.core.progress import Listener
from rootstock.core.store import Store
from rootstock.run.building import build, require_all
from rootstock.run.context import Context, relock
from rootstock.run.fetching import fetch, prepare
from rootstock.run.planning import Plan, plan
from rootstock.run.promoting import promote
from rootstock.run.record import RunRecord, write
from rootstock.run.request import Request
from rootstock.run.state import State, record
from rootstock.run.testing import audit, test_all

Until = Literal["build", "audit", "smoke", "promote"]
# A stage gives the state on, once or each time that it has come to more.
Stage = Callable[[Context, State], State | Iterator[State]]

# The name of a stage is that of its seconds in the record; some count those of their parts.
_BUILD: tuple[tuple[str, Stage], ...] = (("", prepare), ("sources", fetch), ("build", build))
_STAGES: dict[Until, tuple[tuple[str, Stage], ...]] = {
    "build": (*_BUILD, ("", require_all)),
    "audit": (*_BUILD, ("", audit), ("", require_all)),
    "smoke": (*_BUILD, ("", test_all), ("", require_all)),
    "promote": (*_BUILD, ("", test_all), ("", require_all), ("promote", promote)),
}


def run(request: Request, store: Store, listen: Listener, until: Until) -> tuple[RunRecord, Path]:
    """Run the pipeline up to a stage; return the run's record and the path of its file.

    A failure of a stage is in the record (`error`, `code`), with all that came before it, and
    nothing is promoted then. What was built stays in the store.

    Raises `UsageError` when there is nothing that could be planned, `MachineError` when the store
    is where nothing can be built.
    """
    started, clock = datetime.now(timezone.utc), time.monotonic()
    store.prepare()
    disk.require_space(store.root / "tmp")
    if request.relock:
        relock(request, store, listen)
    planned = plan(request, store, listen)
    if until == "promote":
        _require_public(planned)
    logs = store.runs / (started.strftime("%Y%m%dT%H%M%SZ") + f"-{os.getpid()}")
    logs.mkdir()
    context = Context(request=request, store=store, listen=listen, logs=logs)
    state, error = _follow(context, State(plan=planned), _STAGES[until])
    done = record(state, context, started, time.monotonic() - clock, error)
    try:
        return done, write(done, logs)
    except OSError:
        if error:  # which says more than that its report has no room either
            raise error from None
        raise


def _follow(
    context: Context, state: State, stages: tuple[tuple[str, Stage], ...]
) -> tuple[State, RootstockError | None]:
    """Run stages one after the other; what they came to, and the error that ended one."""
    try:
        with raising_no_space(context.store.root):
            for name, stage in stages:
                for step in _states(context, state, name, stage):
                    state = step
    except RootstockError as error:
        return state, error
    except OSError as error:
        if trouble := disk.trouble(context.store.root / "tmp"):
            trouble.__cause__ = error
            return state, trouble
        raise
    except KeyboardInterrupt:
        process.end_all()
        return state, InterruptedByUser(
            "interrupted", "What was finished is kept; the next run goes on from there."
        )
    return state, None


def _states(context: Context, state: State, name: str, stage: Stage) -> Iterator[State]:
    """What a stage comes to, step by step."""
    if not name:
        given = stage(context, state)
        yield from (given,) if isinstance(given, State) else given
        return
    with context.timed(name):
        given = stage(context, state)
        yield from (given,) if isinstance(given, State) else given


def _require_public(planned: Plan) -> None:
    if not planned.staged:
        raise RefusedError(
            f"{', '.join(cell.id for cell in planned.cells)}: not published, for it is built "
            "with an interpreter of this machine",
            "To try it: rootstock smoke, with the same options.",
        )
