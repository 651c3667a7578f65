"""The pipeline: the stages in the order that data flows, each fed with the last one's result."""

import hashlib
import json
import os
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from rootstock import store as places
from rootstock.audit.package import AuditReport, audit
from rootstock.build import builder, scheduler
from rootstock.build.artifact import Artifact
from rootstock.channel import promote as channel_promote
from rootstock.channel.stage import stage
from rootstock.errors import AuditFailed, MachineError, RootstockError, SmokeFailed, UsageError
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
from rootstock.smoke.run import SmokeReport, System, smoke
from rootstock.sources import fetch as sources
from rootstock.store import Store

DEFAULT_LEVEL = 9  # zstd: root-core in seconds; a release asks for 19
BUILD_TIMEOUT = 3600.0  # seconds for one package
_BUILD_IMAGE, _BARE_IMAGE = "build", "bare"
_SYSROOT = "sysroot_linux-64"


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


@dataclass(frozen=True, kw_only=True)
class Result:
    """What a run did; `report.json` is made of it."""

    run: str
    cells: tuple[str, ...]
    channel: str
    generation: int
    built: tuple[str, ...]
    packages: tuple[Artifact, ...]
    audits: tuple[AuditReport, ...]
    smokes: tuple[SmokeReport, ...]
    seconds: Mapping[str, float]
    logs: str
    failure: str = field(default="")


def plan(options: Options, store: Store, listen: Listener) -> Plan:
    """Render the recipes and link what the chosen cells need; nothing is fetched or built."""
    listen(Event(stage="plan", state="start"))
    started = time.monotonic()
    matrix = matrices.load(options.checkout / "ci/matrix.yaml")
    cells = matrices.select(matrix, options.roots, options.pythons, options.only)
    spec = debian.load_spec(_image_path(options, _BUILD_IMAGE), store)
    outputs = render_all(options.checkout / "recipes", matrix, cells)
    published = {
        name: key for name, (key, _) in channel_promote.keys(options.channel).items()
    }
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
    sysroots = [id_ for id_, node in graph.nodes.items() if node.output.name == _SYSROOT]
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


def build(options: Options, store: Store, listen: Listener, *, until: str = "promote") -> Result:
    """Run the pipeline up to the stage `until`: build, audit, smoke or promote.

    Raises the failures of its stages; what was built stays in the store, and nothing is
    promoted but a whole set that passed.
    """
    clock = _Clock()
    store.prepare()
    with clock("plan"):
        planned = plan(options, store, listen)
    run = datetime.now(timezone.utc).strftime("%Y%m%dT%H%M%SZ") + f"-{os.getpid()}"
    logs = store.runs / run
    logs.mkdir(parents=True)
    engine = choose(options.engine) if planned.wanted or until != "build" else None
    with clock("sources, images"):
        planned, images = _provide(options, planned, store, listen)
    assert engine is not None
    with clock("build"):
        artifacts = _build(options, planned, images, engine, store, logs, listen)
    staged = {id_: artifacts[id_] for id_ in planned.staged}
    audits: tuple[AuditReport, ...] = ()
    smokes: tuple[SmokeReport, ...] = ()
    generation = 0
    if until != "build":
        with clock("audit"):
            audits = _audit(planned, artifacts, images, engine, store, listen)
    if until in ("smoke", "promote"):
        with clock("smoke"):
            smokes = _smoke(planned, staged, images, engine, store, logs, listen)
    if until == "promote":
        with clock("promote"):
            generation = _promote(options, staged, listen)
    result = Result(
        run=run,
        cells=tuple(cell.id for cell in planned.cells),
        channel=str(options.channel.absolute()),
        generation=generation,
        built=tuple(sorted(planned.wanted)),
        packages=tuple(staged.values()),
        audits=audits,
        smokes=smokes,
        seconds=clock.seconds,
        logs=str(logs),
    )
    places.write(logs / "report.json", json.dumps(asdict(result), indent=1, default=str) + "\n")
    return result


class _Clock:
    """Seconds per stage."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    def __call__(self, name: str) -> "_Lap":
        return _Lap(self.seconds, name)


@dataclass
class _Lap:
    seconds: dict[str, float]
    name: str
    started: float = 0.0

    def __enter__(self) -> None:
        self.started = time.monotonic()

    def __exit__(self, *args: object) -> None:
        self.seconds[self.name] = round(time.monotonic() - self.started, 2)


def _image_path(options: Options, name: str) -> Path:
    return options.checkout / "ci/images" / f"{name}.yaml"


def _provide(
    options: Options, planned: Plan, store: Store, listen: Listener
) -> tuple[Plan, Mapping[str, Image]]:
    """Fetch sources and images, side by side; plan again if the image turned out another."""
    needed = [planned.graph.nodes[id_] for id_ in planned.wanted]
    registry = sources.load_registry(options.checkout / "ci/sources.yaml")
    files = [sources.source_of(entry) for node in needed for entry in node.output.sources]

    def image(name: str) -> Image:
        return debian.ensure(
            _image_path(options, name), store, listen, offline=options.offline
        )

    with ThreadPoolExecutor(3) as pool:
        fetching = pool.submit(
            sources.fetch, files, registry, store, listen, offline=options.offline
        )
        making = {name: pool.submit(image, name) for name in (_BUILD_IMAGE, _BARE_IMAGE)}
        images = {name: future.result() for name, future in making.items()}
        fetching.result()
    if not images[_BUILD_IMAGE].relocked:
        return planned, images
    again = plan(options, store, listen)
    return _provide(options, again, store, listen)


def _build(
    options: Options,
    planned: Plan,
    images: Mapping[str, Image],
    engine: Engine,
    store: Store,
    logs: Path,
    listen: Listener,
) -> Mapping[str, Artifact]:
    graph, total = planned.graph, len(planned.wanted)
    engine.prepare(images[_BUILD_IMAGE].root)
    shop = builder.Workshop(
        store=store,
        engine=engine,
        image=images[_BUILD_IMAGE].root,
        platform=planned.matrix.platform,
        level=options.level,
        timeout=BUILD_TIMEOUT,
        stage=stage,
    )
    listen(Event(stage="build", state="start", done=0, total=total))

    def one(id_: str, there: Mapping[str, Artifact]) -> Artifact:
        node = graph.nodes[id_]
        listen(Event(stage="build", item=id_, state="start"))
        try:
            needs = [there[dep] for dep in sorted(planned.wanted[id_])]
            artifact = builder.build(node, needs, shop, logs / f"{id_}.log")
        except RootstockError as error:
            listen(Event(stage="build", item=id_, state="failed", detail=error.message))
            raise
        listen(
            Event(
                stage="build",
                item=id_,
                state="done",
                seconds=artifact.seconds,
                done=artifact.size,
                unit="B",
                total=total,
                detail=artifact.sha256,
            )
        )
        return artifact

    durations = _durations(store)
    outcome = scheduler.run(
        graph,
        planned.wanted,
        one,
        have=planned.have,
        durations=durations,
        workers=options.workers or os.cpu_count() or 1,
        keep_going=options.keep_going,
    )
    built = {graph.nodes[id_].output.name: outcome.artifacts[id_].seconds
             for id_ in planned.wanted if id_ in outcome.artifacts}
    if built:
        places.write(store.durations, json.dumps({**durations, **built}, indent=1))
    for id_, cause in outcome.skipped.items():
        listen(Event(stage="build", item=id_, state="skipped", detail=f"needs {cause}"))
    if outcome.failures:
        raise next(iter(outcome.failures.values()))
    listen(Event(stage="build", state="done", done=total, total=total))
    return outcome.artifacts


def _durations(store: Store) -> dict[str, float]:
    try:
        read: dict[str, float] = json.loads(store.durations.read_text())
        return read
    except (OSError, ValueError):
        return {}


def fingerprint(*parts: str | Path) -> str:
    """A digest over strings, and over the contents of files and folders."""
    digest = hashlib.sha256()
    for part in parts:
        if isinstance(part, str):
            digest.update(part.encode() + b"\0")
            continue
        files = [part] if part.is_file() else sorted(part.rglob("*"))
        for file in files:
            if file.is_file() and "__pycache__" not in file.parts:
                digest.update(file.name.encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()
