"""The stage that builds what the store does not have."""

from collections.abc import Iterator
from dataclasses import replace

from rootstock.building import failures
from rootstock.building.room import BuildContext
from rootstock.channel.stage import stage
from rootstock.core.errors import MachineError
from rootstock.run.context import BUILD_IMAGE, Context
from rootstock.run.fetching import sources_of
from rootstock.run.state import State


def build(context: Context, state: State) -> Iterator[State]:
    """Build what is wanted.

    Raises the first failure, unless the run goes on without it and a cell is complete.
    """
    fetching = state.fetching
    assert fetching, "`fetch` precedes"
    with context.timed("build"):
        try:
            if state.plan.wanted:
                state = _built(context, state)
            else:
                state = replace(state, artifacts=state.plan.have)
        finally:
            fetching.close()
    yield state
    for error in state.failures.values():
        # If the machine fails, the other cells cannot be tested either.
        if isinstance(error, MachineError):
            raise error
    if state.failures and not (context.request.keep_going and state.complete_cells):
        raise next(iter(state.failures.values()))


def _built(context: Context, state: State) -> State:
    from rootstock.building import batch  # not where there is nothing to build

    request, plan, fetching = context.request, state.plan, state.fetching
    assert fetching
    context.engine.prepare(state.images[BUILD_IMAGE].root)
    shared = BuildContext(
        store=context.store,
        engine=context.engine,
        image=state.images[BUILD_IMAGE].root,
        platform=plan.matrix.platform,
        level=request.level,
        limits=request.limits,
        stage=stage,
    )
    known = failures.known(plan.graph, plan.wanted, context.store, request.limits)
    outcome = batch.build(
        batch.BuildPlan(graph=plan.graph, wanted=plan.wanted, have=plan.have),
        shared,
        {} if request.retry else known,
        lambda node: fetching.need(sources_of(node)),
        logs=context.logs,
        seed=request.checkout.durations,
        workers=request.workers,
        keep_going=request.keep_going,
        listen=context.listen,
    )
    return replace(
        state,
        artifacts=outcome.artifacts,
        failures=outcome.failures,
        skipped=outcome.skipped,
    )


def require_all(context: Context, state: State) -> Iterator[State]:
    """Raise the first failed build, after everything that does not depend on it was tested."""
    for error in state.failures.values():
        raise error
    yield state
