"""The pipeline: the stages in the order that data flows, each fed with the last one's result."""

import os
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timezone
from functools import cache, partial
from pathlib import Path
from typing import Literal

from rootstock.audit import batch as audits
from rootstock.audit import clash
from rootstock.building import builder, failures
from rootstock.channel.stage import stage
from rootstock.core import disk, process
from rootstock.core.errors import (
    FailedBefore,
    InterruptedByUser,
    MachineError,
    RefusedError,
    RootstockError,
    raising_no_space,
)
from rootstock.core.progress import Listener
from rootstock.core.store import Store
from rootstock.image.engines import Engine
from rootstock.image.engines.choose import choose
from rootstock.image.rootfs import Image
from rootstock.run import testing
from rootstock.run.planning import SYSROOT, Options, Plan, plan
from rootstock.run.promoting import promote_run
from rootstock.run.providing import BUILD_IMAGE, provide, relock, sources_of
from rootstock.run.record import RunRecord, write
from rootstock.run.state import Run
from rootstock.sources.fetch import Fetching

Stage = Literal["build", "audit", "smoke", "promote"]


def run(options: Options, store: Store, listen: Listener, until: Stage) -> tuple[RunRecord, Path]:
    """Run the pipeline up to a stage; return the run's record and the path of its file.

    A failure of a stage is in the record (`error`, `code`), with all that came before it, and
    nothing is promoted then. What was built stays in the store.

    Raises `UsageError` when there is nothing that could be planned, `MachineError` when the store
    is where nothing can be built.
    """
    started, clock = datetime.now(timezone.utc), time.monotonic()
    store.prepare()
    disk.require_space(store.root / "tmp")
    if options.relock:
        relock(options, store, listen)
    planned = plan(options, store, listen)
    if until == "promote" and not planned.staged:
        raise RefusedError(
            f"{', '.join(cell.id for cell in planned.cells)}: not published, for it is built "
            "with an interpreter of this machine",
            "To try it: rootstock smoke, with the same options.",
        )
    name = started.strftime("%Y%m%dT%H%M%SZ") + f"-{os.getpid()}"
    state = Run(id=name, logs=store.runs / name, planned=planned)
    state.logs.mkdir()
    try:
        with raising_no_space(store.root):
            _stages(state, options, store, listen, until)
    except RootstockError as error:
        state.error = error
    except OSError as error:
        state.error = disk.trouble(store.root / "tmp")
        if state.error is None:
            raise
        state.error.__cause__ = error
    except KeyboardInterrupt:
        process.end_all()
        state.error = InterruptedByUser(
            "interrupted", "What was finished is kept; the next run goes on from there."
        )
    record = state.record(options.channel, started, time.monotonic() - clock)
    try:
        return record, write(record, state.logs)
    except OSError:
        if state.error:  # which says more than that its report has no room either
            raise state.error from None
        raise


def _stages(state: Run, options: Options, store: Store, listen: Listener, until: Stage) -> None:
    state.failures = _known_failures(options, state.planned, store)
    for error in state.failures.values():
        if not options.keep_going:
            raise error
    engine = cache(partial(choose, options.engine))
    if options.engine != "auto":
        engine()  # also where it is not used, one that does not work is told of
    with state.timed("sources"):
        images, fetching = provide(options, state.planned, store, listen)
    try:
        with state.timed("build"):
            _build(state, options, images, fetching, engine, store, listen)
    finally:
        fetching.close()
    failed = next(iter(state.failures.values()), None)
    if failed and not (options.keep_going and state.complete_cells):
        raise failed
    if until == "audit":
        _audit(state, store, listen)
    elif until != "build":
        _test(state, options, images, engine, store, listen)
    if failed:  # what does not depend on it is proven, and the set is not whole
        raise failed
    if until == "promote":
        with state.timed("promote"):
            state.promotion = promote_run(state, options, listen)


def _build(
    state: Run,
    options: Options,
    images: Mapping[str, Image],
    fetching: Fetching,
    engine: Callable[[], Engine],
    store: Store,
    listen: Listener,
) -> None:
    planned = state.planned
    if not planned.wanted:
        state.artifacts = planned.have
        return
    from rootstock.building import batch  # not where there is nothing to build

    engine().prepare(images[BUILD_IMAGE].root)
    context = builder.BuildContext(
        store=store,
        engine=engine(),
        image=images[BUILD_IMAGE].root,
        platform=planned.matrix.platform,
        level=options.level,
        limits=options.limits,
        stage=stage,
    )
    outcome = batch.build(
        batch.BuildPlan(graph=planned.graph, wanted=planned.wanted, have=planned.have),
        context,
        _known_failures(options, planned, store),
        lambda node: fetching.need(sources_of(node)),
        logs=state.logs,
        seed=options.checkout / "ci/durations.json",
        workers=options.workers,
        keep_going=options.keep_going,
        listen=listen,
    )
    state.artifacts, state.failures = outcome.artifacts, outcome.failures
    state.skipped = outcome.skipped
    for error in outcome.failures.values():
        if isinstance(error, MachineError):  # nothing else would go well either
            raise error


def _known_failures(options: Options, planned: Plan, store: Store) -> Mapping[str, FailedBefore]:
    """The nodes that are not tried, because they failed before."""
    if options.retry:
        return {}
    return failures.known(planned.graph, planned.wanted, store, options.limits)


def _test(
    state: Run,
    options: Options,
    images: Mapping[str, Image],
    engine: Callable[[], Engine],
    store: Store,
    listen: Listener,
) -> None:
    """Audit and smoke-test side by side: neither needs the other, and an audit keeps one core busy.

    Where both fail, that of the audit is told, which is nearer to the cause.
    """
    with ThreadPoolExecutor(1) as pool:
        auditing = pool.submit(_audit, state, store, listen)
        try:
            testing.smoke(state, options, images, engine, store, listen)
        finally:
            auditing.result()
    if state.planned.deep:
        testing.deep(state, options, images, engine, store, listen)


def _audit(state: Run, store: Store, listen: Listener) -> None:
    """Audit every package there is, the tools that only builds use among them.

    Not those that lack a dependency, for it failed.
    """
    graph, there = state.planned.graph, state.artifacts
    lost = {*state.failures, *state.skipped}
    closures = {}
    for id_, node in graph.nodes.items():
        behind = graph.closure(node.runs)
        # What is for this machine only promises nothing.
        if id_ in there and not node.private and lost.isdisjoint(behind):
            closures[there[id_]] = [there[dep] for dep in behind if dep in there]
    sysroots = [artifact for artifact in closures if artifact.name == SYSROOT]
    with state.timed("audit"):
        state.audits = audits.audit_all(closures, sysroots, store, listen)
        for report in state.audits:
            report.raise_for_failure()
        clash.require_none(
            {
                cell: [there[id_] for id_ in ids if id_ in there]
                for cell, ids in graph.cells.items()
                if not graph.private(cell)
            },
            store,
            listen,
        )
