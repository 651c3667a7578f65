"""Plans a run: chooses the cells, links their graph, and finds which packages are built."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rootstock.acceptance.model import AcceptanceTest
from rootstock.building import artifacts
from rootstock.building.artifact import Artifact
from rootstock.building.fingerprint import fingerprint
from rootstock.channel.reader import Channel
from rootstock.channel.release_model import Release
from rootstock.core.checkout import Checkout
from rootstock.core.errors import Damaged, UsageError
from rootstock.core.formatting import counted
from rootstock.core.names import listed
from rootstock.core.progress import Event, Listener
from rootstock.core.store import Store
from rootstock.image import profiles
from rootstock.plan import checks, numbers
from rootstock.plan import graph as graphs
from rootstock.plan import matrix as matrices
from rootstock.plan.graph import Graph, Node
from rootstock.plan.matrix import Cell, Matrix
from rootstock.plan.rendering import load_matrix, render_all
from rootstock.run.request import Request
from rootstock.sources import local
from rootstock.stack import lock as stack
from rootstock.suites.suite import Companion

if TYPE_CHECKING:
    from rootstock.building.previous import Previous
    from rootstock.plan.why import Why

SYSROOT = "sysroot_linux-64"  # whose stub libraries the audit links against
_RELOCKED = {
    True: "The build image is as --relock resolved it on this machine: so are all build keys.",
    False: "What an earlier --relock resolved for the build image is not used without --relock.",
}


@dataclass(frozen=True, kw_only=True)
class PlannedCell:
    """A cell, and the ids of all `nodes` that its users install, dependencies first.

    Its environment is solved for `specs`. A `local_only` cell contains something of this machine,
    and is not published. `suites` are the packages' own tests, if the request asks for them and
    there are any. They run in an environment of the `companion` nodes.
    """

    cell: Cell
    nodes: tuple[str, ...]
    specs: tuple[str, ...]
    local_only: bool
    suites: Companion | None = None
    companion: tuple[str, ...] = ()
    companion_specs: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        """The id of the cell."""
        return self.cell.id


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The plan of a run: the cells, the graph, and the artifacts that the store has (`have`).

    `wanted` has the nodes to build, each with the nodes that precede it. `reasons` says in a line
    why each is built. `acceptance` are the acceptance tests of the checkout.
    """

    matrix: Matrix
    cells: tuple[PlannedCell, ...]
    graph: Graph
    have: Mapping[str, Artifact]
    wanted: Mapping[str, frozenset[str]]
    reasons: Mapping[str, str]
    acceptance: tuple[AcceptanceTest, ...] = ()

    @property
    def public(self) -> tuple[PlannedCell, ...]:
        """The cells that can be published."""
        return tuple(cell for cell in self.cells if not cell.local_only)

    @property
    def staged(self) -> tuple[str, ...]:
        """The nodes whose packages users will be able to install."""
        users = {id_ for cell in self.public for id_ in cell.nodes}
        return tuple(id_ for id_ in self.graph.nodes if id_ in users)


def plan(request: Request, store: Store, listen: Listener) -> Plan:
    """Render the recipes and link what the chosen cells need; nothing is fetched or built.

    Raises `UsageError` when the request is against a release of which nothing is the same here.
    """
    listen(Event(stage="plan", state="start"))
    started, checkout = time.monotonic(), request.checkout
    matrix = matrices.adding(load_matrix(checkout, request.sets), request.packages)
    chosen = matrices.select(matrix, request.axes, request.only)
    beside = _beside(request, chosen)
    tests = _acceptance(checkout, matrix)
    published = _published(request)
    graph = _graph(request, matrix, (*chosen, *beside.values()), published, store, listen)
    have, wanted = _missing(graph, _asked(request, graph, listen), store, listen)
    count = (
        f"{counted(len(chosen), 'cell')}, {counted(len(graph.nodes), 'package')}, "
        f"{len(wanted)} to build"
    )
    seconds = time.monotonic() - started
    listen(Event(stage="plan", state="done", seconds=seconds, detail=count))
    reasons: dict[str, str] = {}
    if wanted:
        past = _previous(store, published, graph, matrix)
        for id_ in wanted:
            reasons[id_] = past.why(graph.nodes[id_], cached=False, brief=True).reason
    return Plan(
        matrix=matrix,
        cells=_planned(request, matrix, chosen, beside, graph),
        graph=graph,
        have=have,
        wanted=wanted,
        reasons=reasons,
        acceptance=tests,
    )


def _acceptance(checkout: Checkout, matrix: Matrix) -> tuple[AcceptanceTest, ...]:
    """Return the acceptance tests of a checkout; most have none."""
    if not checkout.acceptance.exists():
        return ()
    from rootstock.acceptance import reading  # brings what reads TOML

    return reading.load(checkout.acceptance, [*matrix.product.acceptance])


def _graph(
    request: Request,
    matrix: Matrix,
    cells: Sequence[Cell],
    published: Mapping[str, str],
    store: Store,
    listen: Listener,
) -> Graph:
    checkout, profile = request.checkout, request.profile
    image = profiles.digest(profile, checkout, store, relocked=request.relock)
    if profiles.was_relocked(profile, checkout, store):
        listen(Event(stage="plan", state="note", detail=_RELOCKED[request.relock]))
    interpreters = [local.take(asked, store) for asked in request.local_pythons]
    outputs = render_all(checkout.recipes, matrix, cells, interpreters)
    pins = stack.pins(stack.load(checkout.stack_lock))
    made = fingerprint(image, request.level)
    graph = graphs.plan(outputs, cells, matrix.specs, made, published, pins)
    checks.require_buildable(node.output for node in graph.nodes.values() if node.output.lock)
    return graph


def _beside(request: Request, chosen: Sequence[Cell]) -> Mapping[str, Cell]:
    """Return the cells in which packages' own tests run, by the id of the cell that is tested."""
    if not request.deep:
        return {}
    from rootstock.suites import choose  # brings what reads TOML

    return choose.beside(chosen, stack.load(request.checkout.stack_lock))


def _planned(
    request: Request,
    matrix: Matrix,
    chosen: Sequence[Cell],
    beside: Mapping[str, Cell],
    graph: Graph,
) -> tuple[PlannedCell, ...]:
    tested: Mapping[str, Companion] = {}
    if request.deep:
        from rootstock.suites import choose

        tested = choose.tested(beside, graph, request.checkout, request.deep.only)
    planned = []
    for cell in chosen:
        suites = tested.get(cell.id)
        planned.append(
            PlannedCell(
                cell=cell,
                nodes=graph.cells[cell.id],
                specs=tuple(matrix.specs_of(cell)),
                local_only=graph.local_only(cell.id),
                suites=suites,
                companion=graph.cells[suites.cell.id] if suites else (),
                companion_specs=tuple(matrix.specs_of(suites.cell)) if suites else (),
            )
        )
    return tuple(planned)


def why(request: Request, store: Store, names: Sequence[str], listen: Listener) -> "list[Why]":
    """Return why the packages of these names are built, or not; raises as `find` does."""
    planned = plan(request, store, listen)
    graph = planned.graph
    past = _previous(store, _published(request), graph, planned.matrix)
    nodes = {node.id: node for name in names for node in graphs.find(graph, name)}
    return [
        past.why(node, cached=_find_cached(node, store, listen) is not None)
        for node in nodes.values()
    ]


def _previous(
    store: Store, published: Mapping[str, str], graph: Graph, matrix: Matrix
) -> "Previous":
    from rootstock.building.previous import Previous  # not needed if nothing is built

    return Previous(store, published, graph, matrix.product)


def _published(request: Request) -> dict[str, str]:
    if request.against:
        return _as_released(request.against)
    return {name: key for name, (key, _) in Channel.at(request.channel).keys().items()}


def _as_released(release: Release) -> dict[str, str]:
    """Return the build keys of a release's files, with which a plan gives them the same numbers.

    Smaller build numbers belong to packages with other keys, in earlier releases.
    """
    keys: dict[str, str] = {}
    for package in release.packages.values():
        for build in numbers.before(package.build):
            keys.setdefault(f"{package.name}-{package.version}-{build}.conda", "")
    return keys | {name: package.key for name, package in release.packages.items()}


def _asked(request: Request, graph: Graph, listen: Listener) -> list[str]:
    """Return the nodes that the request asks for; what builds them comes with them.

    These are the nodes of its cells, and the sysroots, because the audit reads them. Against a
    release, they are those that the release has under the same build key.
    """
    release = request.against
    if release is None:
        sysroots = [id_ for id_, node in graph.nodes.items() if node.output.name == SYSROOT]
        return [*(id_ for ids in graph.cells.values() for id_ in ids), *sysroots]
    same = {
        node.filename: id_
        for id_, node in graph.nodes.items()
        if node.filename in release.packages and release.packages[node.filename].key == node.key
    }
    if not same:
        commit = f" at commit {release.commit}" if release.commit else ""
        raise UsageError(
            f"no package of release {release.release} is made from the same inputs here",
            f"Use a checkout{commit}, and the --profile and --level of the first build.",
        )
    if other := sorted(release.packages.keys() - same.keys()):
        detail = f"{len(other)} of {len(release.packages)} have other inputs here: {listed(other)}"
        listen(Event(stage="plan", state="note", detail=detail))
    return list(same.values())


def _missing(
    graph: Graph, asked: Sequence[str], store: Store, listen: Listener
) -> tuple[dict[str, Artifact], dict[str, frozenset[str]]]:
    """Return the artifacts that the store has, and the nodes to build with what precedes each.

    A package that only builds use is built only if one of these builds is wanted.
    """
    have: dict[str, Artifact] = {}
    wanted: dict[str, frozenset[str]] = {}
    stack = [*asked]
    while stack:
        id_ = stack.pop()
        if id_ in have or id_ in wanted:
            continue
        if artifact := _find_cached(graph.nodes[id_], store, listen):
            have[id_] = artifact
            continue
        wanted[id_] = graph.build_prerequisites(id_)
        stack.extend(wanted[id_])
    return have, wanted


def _find_cached(node: Node, store: Store, listen: Listener) -> Artifact | None:
    try:
        return artifacts.find_cached(node, store)
    except Damaged as error:
        note = f"{error.message}: it is built again"
        listen(Event(stage="plan", item=node.id, state="note", detail=note))
        return None
