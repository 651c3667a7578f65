"""The pipeline: the stages in the order in which data flows. Each gets the state of the last."""

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
from rootstock.run.accepting import accept
from rootstock.run.building import build, require_all
from rootstock.run.context import Context, relock
from rootstock.run.fetching import fetch, prepare
from rootstock.run.planning import Plan, plan
from rootstock.run.promoting import promote
from rootstock.run.record import RunRecord, write
from rootstock.run.request import Request
from rootstock.run.state import State, record
from rootstock.run.testing import audit, own_tests, test_all

Until = Literal["build", "audit", "smoke", "promote"]
# A stage yields the next state after each of its steps. If it fails, the last one counts.
Stage = Callable[[Context, State], Iterator[State]]

_BUILD: tuple[Stage, ...] = (prepare, fetch, build)
_STAGES: dict[Until, tuple[Stage, ...]] = {
    "build": (*_BUILD, require_all),
    "audit": (*_BUILD, audit, require_all),
    "smoke": (*_BUILD, test_all, accept, own_tests, require_all),
    "promote": (*_BUILD, test_all, accept, own_tests, require_all, promote),
}


def run(request: Request, store: Store, listen: Listener, until: Until) -> tuple[RunRecord, Path]:
    """Run the pipeline up to a stage; return the run's record and the path of its file.

    If a stage fails, the record has its error (`error`, `code`) and all results before it. Nothing
    is promoted then, and the store keeps what was built.

    Raises `UsageError` when nothing can be planned, `MachineError` when nothing can be built in the
    store, and `RefusedError` when all that would be promoted has an interpreter of this machine.
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
        if error:  # it explains more than the failure to write its report
            raise error from None
        raise


def _follow(
    context: Context, state: State, stages: tuple[Stage, ...]
) -> tuple[State, RootstockError | None]:
    """Run stages one after the other; return the last state, and the error that ended a stage."""
    try:
        with raising_no_space(context.store.root):
            for stage in stages:
                for step in stage(context, state):
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


def _require_public(planned: Plan) -> None:
    if not planned.staged:
        raise RefusedError(
            f"{', '.join(cell.id for cell in planned.cells)}: not published, for it is built "
            "with an interpreter of this machine",
            "To try it: rootstock smoke, with the same options.",
        )
