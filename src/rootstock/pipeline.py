"""The pipeline: the stages in the order that data flows, each fed with the last one's result."""

import os
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timezone
from functools import cache, partial
from pathlib import Path
from typing import Literal

from rootstock import disk, process
from rootstock.audit import clash
from rootstock.audit import prove as audits
from rootstock.build import builder, failures
from rootstock.channel.stage import stage
from rootstock.errors import (
    FailedBefore,
    InterruptedByUser,
    MachineError,
    RefusedError,
    RootstockError,
    no_space_told,
)
from rootstock.image import debian, profiles
from rootstock.image.engines import Engine
from rootstock.image.engines.choose import choose
from rootstock.image.rootfs import Image
from rootstock.plan.graph import Node
from rootstock.plan.matrix import Cell
from rootstock.planning import SYSROOT, Options, Plan, plan
from rootstock.progress import Event, Listener
from rootstock.promoting import promote_run
from rootstock.report.record import RunRecord, write
from rootstock.runs import Run
from rootstock.smoke import prove as smokes
from rootstock.smoke.report import SmokeReport
from rootstock.smoke.run import OLD_SYSTEM, System
from rootstock.sources import fetch as sources
from rootstock.sources.fetch import Fetching, Source
from rootstock.store import Store
from rootstock.suites.suite import STAGE, Deep

BUILD_SYSTEM = "the build image"
# What can be done without the sources of a package.
_INSTEAD = {
    "python": "Or only try the rest, with an interpreter of this machine: rootstock smoke "
    "--py {cpython} --local-python {cpython}"
}
_BUILD_IMAGE, _BARE_IMAGE = "build", "bare"

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
    disk.insist(store.root / "tmp")
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
        with no_space_told(store.root):
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
    with state.lap("sources"):
        state.planned, images, fetching = _provide(options, state.planned, store, listen)
    try:
        with state.lap("build"):
            _build(state, options, images, fetching, engine, store, listen)
    finally:
        fetching.close()
    failed = next(iter(state.failures.values()), None)
    if failed and not (options.keep_going and state.whole):
        raise failed
    if until == "audit":
        _audit(state, store, listen)
    elif until != "build":
        _prove(state, options, images, engine, store, listen)
    if failed:  # what does not depend on it is proven, and the set is not whole
        raise failed
    if until == "promote":
        with state.lap("promote"):
            promote_run(state, options, listen)


def _provide(
    options: Options, planned: Plan, store: Store, listen: Listener
) -> tuple[Plan, Mapping[str, Image], Fetching]:
    """Have the images, while the sources begin to come.

    All is planned again if the build image turned out another.
    """
    registry = sources.load_registry(options.checkout / "ci/sources.yaml")
    files = [source for id_ in planned.wanted for source in _sources(planned.graph.nodes[id_])]
    fetching = Fetching(files, registry, store, listen, offline=options.offline)
    # To look at all of an image takes as long as a run with nothing to do.
    check = bool(planned.wanted)
    pool = ThreadPoolExecutor(2)
    try:
        making = {
            name: pool.submit(_image, name, options, store, listen, check=check)
            for name in (_BUILD_IMAGE, _BARE_IMAGE)
        }
        images = {name: future.result() for name, future in making.items()}
        if not options.keep_going:
            fetching.check()
    except BaseException:
        fetching.close()
        raise
    finally:
        # After Ctrl-C nobody waits for a server that does not answer.
        pool.shutdown(wait=False, cancel_futures=True)
    if not images[_BUILD_IMAGE].relocked:
        return planned, images, fetching
    fetching.close()
    return _provide(options, plan(options, store, listen), store, listen)


def _sources(node: Node) -> list[Source]:
    instead = _INSTEAD.get(node.output.name, "").format(**node.output.variant)
    return [sources.source_of(entry, instead) for entry in node.output.sources]


def _image(name: str, options: Options, store: Store, listen: Listener, *, check: bool) -> Image:
    if name == _BUILD_IMAGE:
        return profiles.ensure(
            options.profile,
            options.checkout,
            store,
            listen,
            offline=options.offline,
            check=check,
        )
    bare = options.checkout / f"ci/images/{_BARE_IMAGE}.yaml"
    return debian.ensure(bare, store, listen, offline=options.offline, check=check)


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
    from rootstock.build import batch  # not where there is nothing to build

    engine().prepare(images[_BUILD_IMAGE].root)
    shop = builder.Workshop(
        store=store,
        engine=engine(),
        image=images[_BUILD_IMAGE].root,
        platform=planned.matrix.platform,
        level=options.level,
        limits=options.limits,
        stage=stage,
    )
    outcome = batch.build(
        batch.Batch(graph=planned.graph, wanted=planned.wanted, have=planned.have),
        shop,
        _known_failures(options, planned, store),
        lambda node: fetching.need(_sources(node)),
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


def _prove(
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
            _smoke(state, options, images, engine, store, listen)
        finally:
            auditing.result()
    if state.planned.deep:
        _deep(state, options, images, engine, store, listen)


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
    with state.lap("audit"):
        state.audits = audits.prove(closures, sysroots, store, listen)
        for report in state.audits:
            report.insist()
        clash.prove(
            {
                cell: [there[id_] for id_ in ids if id_ in there]
                for cell, ids in graph.cells.items()
                if not graph.private(cell)
            },
            store,
            listen,
        )


def _smoke(
    state: Run,
    options: Options,
    images: Mapping[str, Image],
    engine: Callable[[], Engine],
    store: Store,
    listen: Listener,
) -> None:
    """Test each cell that is whole in a fresh environment made of just its staged packages."""
    systems = _systems(options, images, engine, store, listen)

    def one(cell: Cell) -> SmokeReport:
        system, ready = systems(private=state.planned.graph.private(cell.id))
        return smokes.prove(
            cell.id,
            state.planned.matrix.specs_of(cell),
            [state.artifacts[id_] for id_ in state.planned.graph.cells[cell.id]],
            stage=stage,
            system=system,
            engine=ready,
            store=store,
            logs=state.logs / f"smoke-{cell.id}",
            listen=listen,
        )

    listen(Event(stage="smoke", state="start", total=len(state.whole)))
    with state.lap("smoke"):
        for cell in state.whole:
            state.smokes = (*state.smokes, one(cell))
    passed = all(report.passed for report in state.smokes)
    listen(Event(stage="smoke", state="done" if passed else "failed"))
    for report in state.smokes:
        report.insist()


def _systems(
    options: Options,
    images: Mapping[str, Image],
    engine: Callable[[], Engine],
    store: Store,
    listen: Listener,
) -> Callable[..., tuple[System, Callable[[], Engine]]]:
    """What gives the system that a cell is tested on, and what has the engine ready for it.

    An interpreter of this machine, which makes a cell `private`, needs its libraries and its glibc,
    which the bare old system does not have; the image that it was packaged in does.
    """
    bare, full = images[_BARE_IMAGE], images[_BUILD_IMAGE]
    old = System(OLD_SYSTEM, bare.root, bare.digest)
    new = System(BUILD_SYSTEM, full.root, full.digest, bare=False)

    @cache
    def ready(image: str) -> Engine:
        _image(image, options, store, listen, check=True)
        chosen = engine()
        chosen.prepare(images[image].root)
        return chosen

    def of(*, private: bool) -> tuple[System, Callable[[], Engine]]:
        return new if private else old, partial(ready, _BUILD_IMAGE if private else _BARE_IMAGE)

    return of


def _deep(
    state: Run,
    options: Options,
    images: Mapping[str, Image],
    engine: Callable[[], Engine],
    store: Store,
    listen: Listener,
) -> None:
    """Run the packages' own tests of each cell that is whole and has what runs them."""
    from rootstock.suites import prove as suites  # not where none is run
    from rootstock.suites.results import SuitesReport

    planned, there = state.planned, state.artifacts
    systems = _systems(options, images, engine, store, listen)
    listen(Event(stage=STAGE, state="start", total=_count(planned)))
    with state.lap(STAGE):
        for cell in state.whole:
            tested = planned.deep.get(cell.id)
            if tested is None or not there.keys() >= set(planned.graph.cells[tested.cell.id]):
                told = f"{cell.id}: its packages' own tests are not run"
                listen(Event(stage=STAGE, state="note", detail=told))
                continue
            system, ready = systems(private=planned.graph.private(cell.id))
            bench = suites.Bench(
                cell=cell.id,
                specs=planned.matrix.specs_of(tested.cell),
                artifacts=[there[id_] for id_ in planned.graph.cells[tested.cell.id]],
                stage=stage,
                system=system,
                engine=ready,
                memory=options.limits.memory,
            )
            results = suites.prove(
                bench,
                tested.suites,
                options.deep or Deep(),
                store=store,
                logs=state.logs / f"suites-{cell.id}",
                listen=listen,
            )
            before = state.suites
            report = SuitesReport(cell=cell.id, system=system.name, suites=())
            for one in results:  # what has ended is told, also when the next is interrupted
                report = replace(report, suites=(*report.suites, one))
                state.suites = (*before, report)
    passed = all(report.passed for report in state.suites)
    listen(Event(stage=STAGE, state="done" if passed else "failed"))
    for report in state.suites:
        report.insist()


def _count(planned: Plan) -> int:
    return sum(len(tested.suites) for tested in planned.deep.values())
