"""The pipeline: the stages in the order that data flows, each fed with the last one's result."""

import hashlib
import json
import os
import sys
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Literal

from rootstock import __version__, process
from rootstock import store as places
from rootstock.audit.package import SYSROOT, AuditReport, audit
from rootstock.build import builder, scheduler
from rootstock.build.artifact import Artifact
from rootstock.channel.promote import Promotion, keys, promote
from rootstock.channel.stage import stage
from rootstock.errors import InterruptedByUser, RootstockError
from rootstock.image import debian
from rootstock.image.debian import Image
from rootstock.image.engines import Engine
from rootstock.image.engines.choose import choose
from rootstock.plan import graph as graphs
from rootstock.plan import matrix as matrices
from rootstock.plan import recipe as recipes
from rootstock.plan.graph import Graph, Node
from rootstock.plan.matrix import Cell, Matrix
from rootstock.progress import Event, Listener
from rootstock.report.record import (
    CellRecord,
    CellState,
    NodeRecord,
    NodeState,
    RunRecord,
    write,
)
from rootstock.smoke.report import SmokeReport
from rootstock.smoke.run import System, smoke
from rootstock.sources import fetch as sources
from rootstock.store import Store

DEFAULT_LEVEL = 9  # zstd: root-core in seconds; a release asks for 19
BUILD_TIMEOUT = 3600.0  # seconds for one package
_BUILD_IMAGE, _BARE_IMAGE = "build", "bare"

Stage = Literal["build", "audit", "smoke", "promote"]


@dataclass(frozen=True, kw_only=True)
class Options:
    """What a run is asked to do. `checkout` is the folder with recipes/ and ci/."""

    checkout: Path
    roots: tuple[str, ...] = ()
    pythons: tuple[str, ...] = ()
    only: tuple[str, ...] = ()
    channel: Path = Path("channel")
    engine: str = "auto"
    workers: int = 0
    level: int = DEFAULT_LEVEL
    keep_going: bool = False
    offline: bool = False


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What a run will do: the cells, the graph, and the artifacts that are there already."""

    matrix: Matrix
    cells: tuple[Cell, ...]
    graph: Graph
    have: Mapping[str, Artifact]
    wanted: Mapping[str, frozenset[str]]

    @property
    def staged(self) -> tuple[str, ...]:
        """The nodes whose packages users will be able to install."""
        return self.graph.closure({top for tops in self.graph.cells.values() for top in tops})


def plan(options: Options, store: Store, listen: Listener) -> Plan:
    """Render the recipes and link what the chosen cells need; nothing is fetched or built."""
    listen(Event(stage="plan", state="start"))
    started = time.monotonic()
    matrix = matrices.load(options.checkout / "ci/matrix.yaml")
    cells = matrices.select(matrix, options.roots, options.pythons, options.only)
    spec = debian.load_spec(_image_path(options, _BUILD_IMAGE), store)
    outputs = render_all(options.checkout / "recipes", matrix, cells)
    published = {name: key for name, (key, _) in keys(options.channel).items()}
    made = builder.fingerprint(spec.digest, options.level)
    graph = graphs.plan(outputs, cells, matrix.specs, made, published)
    have, wanted = _missing(graph, store)
    listen(
        Event(
            stage="plan",
            state="done",
            seconds=time.monotonic() - started,
            detail=f"{len(cells)} cells, {len(graph.nodes)} packages, {len(wanted)} to build",
        )
    )
    return Plan(matrix=matrix, cells=cells, graph=graph, have=have, wanted=wanted)


def render_all(
    folder: Path, matrix: Matrix, cells: Sequence[Cell]
) -> tuple[recipes.Output, ...]:
    """Every output of every recipe under a folder, rendered for the given cells."""
    variants = matrix.variants_of(cells)
    return tuple(
        output
        for path in sorted(folder.glob("*/*/recipe.yaml"))
        for output in recipes.render(path.parent, variants, matrices.ZIP_KEYS, matrix.platform)
    )


def _missing(
    graph: Graph, store: Store
) -> tuple[dict[str, Artifact], dict[str, frozenset[str]]]:
    """The artifacts that the store has, and the nodes to build with what must precede each.

    A package that is only needed for builds is not built when nothing that needs it is; the
    sysroots are always wanted, because the audit reads them.
    """
    have: dict[str, Artifact] = {}
    wanted: dict[str, frozenset[str]] = {}
    sysroots = [id_ for id_, node in graph.nodes.items() if node.output.name == SYSROOT]
    stack = [*graph.closure({t for tops in graph.cells.values() for t in tops}), *sysroots]
    while stack:
        id_ = stack.pop()
        if id_ in have or id_ in wanted:
            continue
        if artifact := builder.kept(graph.nodes[id_], store):
            have[id_] = artifact
            continue
        wanted[id_] = frozenset(_beneath(graph, id_))
        stack.extend(wanted[id_])
    return have, wanted


def _beneath(graph: Graph, id_: str) -> set[str]:
    """What a build needs: its environments, and for the package's own tests what it runs with."""
    node = graph.nodes[id_]
    return set(node.needs) | set(graph.closure(node.runs))


@dataclass
class _Run:
    """What a run has come to so far: its record is made of it, however it ends."""

    id: str
    logs: Path
    planned: Plan
    artifacts: Mapping[str, Artifact] = field(default_factory=dict)
    failures: Mapping[str, RootstockError] = field(default_factory=dict)
    skipped: Mapping[str, str] = field(default_factory=dict)
    audits: Mapping[str, AuditReport] = field(default_factory=dict)
    smokes: Mapping[str, SmokeReport] = field(default_factory=dict)
    promotion: Promotion | None = None
    error: RootstockError | None = None


def run(options: Options, store: Store, listen: Listener, until: Stage) -> tuple[RunRecord, Path]:
    """Run the pipeline up to a stage; return the run's record and the path of its file.

    A failure of a stage is in the record (`error`, `code`), with all that came before it, and
    nothing is promoted then. What was built stays in the store.

    Raises `UsageError` when there is nothing that could be planned.
    """
    started, clock = datetime.now(timezone.utc), time.monotonic()
    store.prepare()
    planned = plan(options, store, listen)
    name = started.strftime("%Y%m%dT%H%M%SZ") + f"-{os.getpid()}"
    state = _Run(id=name, logs=store.runs / name, planned=planned)
    state.logs.mkdir()
    try:
        _stages(state, options, store, listen, until)
    except RootstockError as error:
        state.error = error
    except KeyboardInterrupt:
        process.end_all()
        state.error = InterruptedByUser(
            "interrupted", "What was finished is kept; the next run goes on from there."
        )
    record = _record(state, options, started, time.monotonic() - clock)
    return record, write(record, state.logs)


def _stages(
    state: _Run, options: Options, store: Store, listen: Listener, until: Stage
) -> None:
    engine = choose(options.engine)
    state.planned, images = _provide(options, state.planned, store, listen)
    _build(state, options, images, engine, store, listen)
    if until == "build":
        return
    _audit(state, images, engine, store, listen)
    if until == "audit":
        return
    _smoke(state, images, engine, store, listen)
    if until == "smoke":
        return
    listen(Event(stage="promote", state="start"))
    staged = [state.artifacts[id_] for id_ in state.planned.staged]
    state.promotion = promote(staged, options.channel)
    told = f"generation {state.promotion.generation.number}, {len(state.promotion.added)} new"
    listen(Event(stage="promote", state="done", detail=f"{told}: {options.channel}"))


def _image_path(options: Options, name: str) -> Path:
    return options.checkout / "ci/images" / f"{name}.yaml"


def _provide(
    options: Options, planned: Plan, store: Store, listen: Listener
) -> tuple[Plan, Mapping[str, Image]]:
    """Fetch sources and images, side by side; plan again if the image turned out another."""
    needed = [planned.graph.nodes[id_] for id_ in planned.wanted]
    registry = sources.load_registry(options.checkout / "ci/sources.yaml")
    files = [sources.source_of(entry) for node in needed for entry in node.output.sources]
    offline = options.offline

    def image(name: str) -> Image:
        return debian.ensure(_image_path(options, name), store, listen, offline=offline)

    with ThreadPoolExecutor(3) as pool:
        fetching = pool.submit(sources.fetch, files, registry, store, listen, offline=offline)
        making = {name: pool.submit(image, name) for name in (_BUILD_IMAGE, _BARE_IMAGE)}
        images = {name: future.result() for name, future in making.items()}
        fetching.result()
    if not images[_BUILD_IMAGE].relocked:
        return planned, images
    return _provide(options, plan(options, store, listen), store, listen)


def _build(
    state: _Run,
    options: Options,
    images: Mapping[str, Image],
    engine: Engine,
    store: Store,
    listen: Listener,
) -> None:
    graph, wanted = state.planned.graph, state.planned.wanted
    if wanted:
        engine.prepare(images[_BUILD_IMAGE].root)
    shop = builder.Workshop(
        store=store,
        engine=engine,
        image=images[_BUILD_IMAGE].root,
        platform=state.planned.matrix.platform,
        level=options.level,
        timeout=BUILD_TIMEOUT,
        stage=stage,
    )
    listen(Event(stage="build", state="start", total=len(wanted)))

    def one(id_: str, there: Mapping[str, Artifact]) -> Artifact:
        listen(Event(stage="build", item=id_, state="start"))
        try:
            needs = [there[dep] for dep in sorted(wanted[id_])]
            built = builder.build(graph.nodes[id_], needs, shop, state.logs / f"{id_}.log")
        except RootstockError:
            listen(Event(stage="build", item=id_, state="failed"))
            raise
        listen(Event(stage="build", item=id_, state="done", seconds=built.seconds))
        return built

    outcome = scheduler.run(
        graph,
        wanted,
        one,
        have=state.planned.have,
        durations=_durations(store),
        workers=options.workers or os.cpu_count() or 1,
        keep_going=options.keep_going,
    )
    state.artifacts, state.failures = outcome.artifacts, outcome.failures
    state.skipped = outcome.skipped
    for id_, cause in outcome.skipped.items():
        listen(Event(stage="build", item=id_, state="skipped", detail=f"needs {cause}"))
    _remember(store, {id_: outcome.artifacts[id_] for id_ in wanted if id_ in outcome.artifacts})
    if outcome.failures:
        listen(Event(stage="build", state="failed"))
        raise next(iter(outcome.failures.values()))
    listen(Event(stage="build", state="done"))


def _durations(store: Store) -> dict[str, float]:
    try:
        read: dict[str, float] = json.loads(store.durations.read_text())
        return read
    except (OSError, ValueError):
        return {}


def _remember(store: Store, built: Mapping[str, Artifact]) -> None:
    """Keep how long the builds took, for the order of the next ones."""
    if built:
        new = {artifact.name: artifact.seconds for artifact in built.values()}
        places.write(store.durations, json.dumps({**_durations(store), **new}, indent=1))


def _audit(
    state: _Run, images: Mapping[str, Image], engine: Engine, store: Store, listen: Listener
) -> None:
    """Audit every package that users will see, and the tools that builds use."""
    graph = state.planned.graph
    sysroots = [a for a in state.artifacts.values() if a.name == SYSROOT]
    ids = [id_ for id_ in graph.nodes if id_ in state.artifacts]
    listen(Event(stage="audit", state="start", total=len(ids)))

    def one(id_: str) -> AuditReport:
        artifact = state.artifacts[id_]
        beneath = [dep for dep in graph.closure(graph.nodes[id_].runs) if dep in state.artifacts]
        closure = [state.artifacts[dep] for dep in beneath]
        parts = [artifact.sha256, *(dep.sha256 for dep in closure), _AUDITOR]
        proof = store.proof("audit", _digest(*parts))
        if known := _known(proof):
            listen(Event(stage="audit", item=artifact.filename, state="kept"))
            return AuditReport.from_json(known)
        started = time.monotonic()
        listen(Event(stage="audit", item=artifact.filename, state="start"))
        report = audit(
            artifact, closure=closure, sysroots=sysroots, engine=engine,
            image=images[_BUILD_IMAGE].root, store=store,
        )
        listen(
            Event(
                stage="audit",
                item=artifact.filename,
                state="done" if report.passed else "failed",
                seconds=time.monotonic() - started,
            )
        )
        places.write(proof, json.dumps(report.as_json(), indent=1))
        return report

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        state.audits = dict(zip(ids, pool.map(one, ids), strict=True))
    for report in state.audits.values():
        report.insist()
    listen(Event(stage="audit", state="done"))


def _smoke(
    state: _Run, images: Mapping[str, Image], engine: Engine, store: Store, listen: Listener
) -> None:
    """Test each cell in a fresh environment made of just its staged packages."""
    cells = state.planned.cells
    bare = images[_BARE_IMAGE]
    listen(Event(stage="smoke", state="start"))
    engine.prepare(bare.root)
    for cell in cells:
        ids = state.planned.graph.closure(state.planned.graph.cells[cell.id])
        artifacts = [state.artifacts[id_] for id_ in ids]
        specs = pinned_specs(state.planned.matrix.specs, cell)
        parts = [*(artifact.sha256 for artifact in artifacts), *specs, bare.digest, _SMOKER]
        proof = store.proof("smoke", _digest(cell.id, *parts))
        if known := _known(proof):
            listen(Event(stage="smoke", item=cell.id, state="kept"))
            state.smokes = {**state.smokes, cell.id: SmokeReport.from_json(known)}
            continue
        with store.scratch("channel") as folder:
            report = smoke(
                cell.id,
                specs,
                stage(artifacts, folder / "channel"),
                system=System("Debian 11", bare.root),
                engine=engine,
                store=store,
                logs=state.logs / f"smoke-{cell.id}",
                listen=listen,
            )
        state.smokes = {**state.smokes, cell.id: report}
        if report.passed:
            places.write(proof, json.dumps(report.as_json(), indent=1))
    for report in state.smokes.values():
        report.insist()
    listen(Event(stage="smoke", state="done"))


def pinned_specs(specs: Sequence[str], cell: Cell) -> list[str]:
    """What an environment of a cell is made of: the matrix's specs at the cell's versions."""
    versions = {"python": f"{cell.python}.*", "root": f"{cell.root}.*"}
    return [f"{spec} {versions[spec]}" if spec in versions else spec for spec in specs]


def _known(proof: Path) -> Any:
    try:
        return json.loads(proof.read_text())
    except (OSError, ValueError):
        return None


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def _program(package: str) -> str:
    """A digest over the files of one of rootstock's own packages."""
    digest = hashlib.sha256()
    for file in sorted(Path(__file__).with_name(package).rglob("*")):
        if file.is_file() and "__pycache__" not in file.parts:
            digest.update(file.name.encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()


def _record(state: _Run, options: Options, started: datetime, seconds: float) -> RunRecord:
    planned, error = state.planned, state.error
    code = error.code if error else 0
    return RunRecord(
        run=state.id,
        rootstock=__version__,
        command=tuple(sys.argv[1:]),
        started=started.isoformat(timespec="seconds"),
        seconds=round(seconds, 2),
        code=code,
        channel=str(options.channel.absolute()),
        cells=tuple(_cell_record(cell, state) for cell in planned.cells),
        nodes=tuple(_node_record(node, state) for node in planned.graph.nodes.values()
                    if node.id in planned.have or node.id in planned.wanted),
        audit=tuple(report.as_json() for report in state.audits.values()),
        smoke=tuple(report.as_json() for report in state.smokes.values()),
        error=error.message if error else "",
        remedy=error.remedy if error else "",
    )


def _cell_record(cell: Cell, state: _Run) -> CellRecord:
    ids = state.planned.graph.closure(state.planned.graph.cells[cell.id])
    files = tuple(state.planned.graph.nodes[id_].filename for id_ in ids)
    done: CellState = "not tried"
    if state.promotion:
        done = "promoted" if set(files) & set(state.promotion.added) else "unchanged"
    elif cell.id in state.smokes:
        done = "passed" if state.smokes[cell.id].passed else "failed"
    elif any(id_ in state.failures or id_ in state.skipped for id_ in ids):
        done = "failed"
    return CellRecord(id=cell.id, root=cell.root, python=cell.python, state=done, files=files)


def _node_record(node: Node, state: _Run) -> NodeRecord:
    artifact = state.artifacts.get(node.id)
    failure = state.failures.get(node.id)
    built: NodeState = "kept" if node.id in state.planned.have else "built"
    if artifact is None:
        built = "failed" if failure else "skipped"
    log = state.logs / f"{node.id}.log"
    return NodeRecord(
        package=node.output.name,
        version=node.output.version,
        state=built,
        key=node.key,
        filename=node.filename,
        subdir=node.output.subdir,
        sha256=artifact.sha256 if artifact else "",
        size=artifact.size if artifact else 0,
        seconds=artifact.seconds if artifact else 0.0,
        scope=node.scope,
        log=str(log) if log.exists() else "",
        reason=failure.message if failure else state.skipped.get(node.id, ""),
    )
