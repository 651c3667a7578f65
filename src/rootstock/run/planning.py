"""What is to be done: the cells that are asked for, their graph, and what of it the store has."""

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from rootstock.building import builder
from rootstock.building.artifact import Artifact
from rootstock.building.limits import Limits, default_memory
from rootstock.channel.reader import Channel
from rootstock.core.errors import Damaged, UsageError
from rootstock.core.names import listed
from rootstock.core.progress import Event, Listener
from rootstock.core.store import Store
from rootstock.image import profiles
from rootstock.image.profiles import Profile
from rootstock.plan import checks, wheels
from rootstock.plan import graph as graphs
from rootstock.plan import matrix as matrices
from rootstock.plan import recipe as recipes
from rootstock.plan.graph import Graph, Node
from rootstock.plan.matrix import Cell, Matrix
from rootstock.release.keys import KeyFile
from rootstock.sources import local
from rootstock.sources.local import Interpreter
from rootstock.stack import lock as stack
from rootstock.stack.lock import PREFIX, TESTS
from rootstock.suites.suite import Companion, Deep

if TYPE_CHECKING:
    from rootstock.building.history import History
    from rootstock.plan.why import Why

DEFAULT_LEVEL = 9  # zstd: root-core in seconds; a release asks for 19
SYSROOT = "sysroot_linux-64"  # whose stub libraries the audit links against
STACK = "ci/stack.lock"  # in a checkout
STACKED = "analysis"  # the group of recipes that has what makes packages of wheels
LOCAL_RECIPE = "python-local"  # which is rendered with an interpreter of this machine only
# By whether it was asked for, what is said of an image that `--relock` has resolved here.
_RELOCKED = {
    True: "The build image is as --relock resolved it on this machine: so are all build keys.",
    False: "What an earlier --relock resolved for the build image is not used without --relock.",
}


@dataclass(frozen=True, kw_only=True)
class Options:
    """What a run is asked to do. `checkout` is the folder with recipes/ and ci/.

    `relock` has images made of what Debian's archive has now, where it lacks what is pinned.
    `url` is where the channel will be public, if it is known; `key` signs the release. `deep` asks
    for the packages' own tests.
    """

    checkout: Path
    roots: tuple[str, ...] = ()
    pythons: tuple[str, ...] = ()
    local_pythons: tuple[str, ...] = ()
    only: tuple[str, ...] = ()
    sets: tuple[str, ...] = ()
    channel: Path = Path("channel")
    profile: Profile = profiles.DEFAULT
    engine: str = "auto"
    workers: int = 0
    level: int = DEFAULT_LEVEL
    limits: Limits = field(default_factory=lambda: Limits(memory=default_memory()))
    keep_going: bool = False
    retry: bool = False
    relock: bool = False
    offline: bool = False
    url: str = ""
    key: KeyFile | None = None
    deep: Deep | None = None


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What a run will do: the cells, the graph, and the artifacts that are there already.

    `wanted` are the nodes to build, with what must precede each; `reasons` say why, in a line.
    `deep` has, by cell, what the packages' own tests run in; such a cell is in the graph only.
    """

    matrix: Matrix
    cells: tuple[Cell, ...]
    graph: Graph
    have: Mapping[str, Artifact]
    wanted: Mapping[str, frozenset[str]]
    reasons: Mapping[str, str]
    deep: Mapping[str, Companion] = field(default_factory=dict)

    @property
    def staged(self) -> tuple[str, ...]:
        """The nodes whose packages users will be able to install."""
        public = [cell.id for cell in self.cells if not self.graph.private(cell.id)]
        users = {id_ for cell in public for id_ in self.graph.cells[cell]}
        return tuple(id_ for id_ in self.graph.nodes if id_ in users)


def plan(options: Options, store: Store, listen: Listener) -> Plan:
    """Render the recipes and link what the chosen cells need; nothing is fetched or built."""
    listen(Event(stage="plan", state="start"))
    started = time.monotonic()
    matrix = load_matrix(options.checkout, options.sets)
    cells = matrices.select(matrix, options.roots, options.pythons, options.only)
    image = profiles.digest(options.profile, options.checkout, store, relocked=options.relock)
    if profiles.was_relocked(options.profile, options.checkout, store):
        listen(Event(stage="plan", state="note", detail=_RELOCKED[options.relock]))
    interpreters = [local.take(asked, store) for asked in options.local_pythons]
    outputs = render_all(options.checkout / "recipes", matrix, cells, interpreters)
    published = _published(options)
    made = builder.fingerprint(image, options.level)
    pins = stack.pins(stack.load(options.checkout / STACK))
    beside: Mapping[str, Cell] = {}
    if options.deep:
        from rootstock.suites import choose  # brings what reads TOML

        beside = choose.beside(cells, stack.load(options.checkout / STACK))
    every = (*cells, *beside.values())
    graph = graphs.plan(outputs, every, matrix.specs, made, published, pins)
    checks.require_buildable(node.output for node in graph.nodes.values() if node.output.lock)
    have, wanted = _missing(graph, store, listen)
    listen(
        Event(
            stage="plan",
            state="done",
            seconds=time.monotonic() - started,
            detail=f"{len(cells)} cells, {len(graph.nodes)} packages, {len(wanted)} to build",
        )
    )
    reasons: dict[str, str] = {}
    if wanted:
        past = _history(store, published, graph)
        for id_ in wanted:
            reasons[id_] = past.why(graph.nodes[id_], cached=False, brief=True).reason
    deep: Mapping[str, Companion] = {}
    if options.deep:
        deep = choose.tested(beside, graph, options.checkout, options.deep.only)
    return Plan(
        matrix=matrix,
        cells=cells,
        graph=graph,
        have=have,
        wanted=wanted,
        reasons=reasons,
        deep=deep,
    )


def why(options: Options, store: Store, names: Sequence[str], listen: Listener) -> "list[Why]":
    """Why the packages of these names are to be built, or not; raises as `find` does."""
    graph = plan(options, store, listen).graph
    past = _history(store, _published(options), graph)
    nodes = {node.id: node for name in names for node in graphs.find(graph, name)}
    return [
        past.why(node, cached=_find_cached(node, store, listen) is not None)
        for node in nodes.values()
    ]


def _history(store: Store, published: Mapping[str, str], graph: Graph) -> "History":
    from rootstock.building.history import History  # where nothing is built nobody asks why

    return History(store, published, graph)


def _published(options: Options) -> dict[str, str]:
    return {name: key for name, (key, _) in Channel.at(options.channel).keys().items()}


def load_matrix(checkout: Path, more: Sequence[str] = ()) -> Matrix:
    """The matrix of a checkout, with what the stack's lock has for its sets and for `more`.

    Raises `UsageError` when one of these sets is not in the lock.
    """
    matrix = matrices.load(checkout / "ci/matrix.yaml")
    lock = stack.load(checkout / STACK)
    sets = {one.name.removeprefix(PREFIX): one for one in lock.sets}
    names = dict.fromkeys((*matrix.sets, *(_all(sets) if "all" in more else more)))
    if unknown := [name for name in names if name not in sets]:
        raise UsageError(
            f"{checkout / STACK} has no set {listed(unknown)}",
            f"Known: {listed(sets) or 'none'}. rootstock stack lock writes that file anew.",
        )
    chosen = [sets[name] for name in names]
    return replace(
        matrix,
        cells=tuple(
            replace(cell, sets=tuple(some), name=some[0].removeprefix(PREFIX) if number else "")
            for cell in matrix.cells
            for number, some in enumerate(stack.together(chosen, cell.python))
        ),
    )


def _all(sets: Iterable[str]) -> list[str]:
    """The sets that `all` is: not what packages' own tests are run with."""
    return [name for name in sets if f"{PREFIX}{name}" != TESTS]


def render_all(
    folder: Path, matrix: Matrix, cells: Sequence[Cell], interpreters: Sequence[Interpreter] = ()
) -> tuple[recipes.Output, ...]:
    """What `render_recipes` gives, and what the stack's lock beside the folder makes.

    Raises `RecipeError` for the first recipe that cannot be rendered or built, with its line. Of
    what the lock makes, most is for other sets: nothing looks at that.
    """
    outputs = render_recipes(folder, matrix, cells, interpreters)
    checks.require_buildable(outputs)
    return (*outputs, *stacked(folder, matrix, cells, outputs))


def stacked(
    folder: Path, matrix: Matrix, cells: Sequence[Cell], outputs: Sequence[recipes.Output]
) -> tuple[recipes.Output, ...]:
    """What the stack's lock beside the folder of recipes makes, beside the recipes' `outputs`."""
    lock = stack.load(folder.parent / STACK)
    if not lock.wheels:
        return ()
    path, kinds = folder.parent / STACK, folder / STACKED
    return tuple(wheels.outputs(lock, path, kinds, cells, outputs, matrix.platform))


def render_recipes(
    folder: Path, matrix: Matrix, cells: Sequence[Cell], interpreters: Sequence[Interpreter] = ()
) -> list[recipes.Output]:
    """Every output of every recipe under a folder, rendered for the given cells.

    Each of the `interpreters` of this machine takes the place of the CPython that would be
    compiled for its Python.

    Raises `RecipeError` for the first recipe that cannot be rendered, with its line.
    """
    outputs = [
        output
        for path in recipe_folders(folder)
        if path.name != LOCAL_RECIPE
        for output in recipes.render(
            path, matrix.variants_of(cells), matrices.ZIP_KEYS, matrix.platform
        )
    ]
    by_cpython = {one.cpython: one for one in interpreters}
    for cpython in {cell.python for cell in cells} & by_cpython.keys():
        own = [cell for cell in cells if cell.python == cpython]
        outputs = [
            *(o for o in outputs if (o.name, o.variant.get("cpython")) != ("python", cpython)),
            *render_local(folder, matrix, own, by_cpython[cpython]),
        ]
    return outputs


def recipe_folders(folder: Path) -> list[Path]:
    """The folders of all recipes: GROUP/NAME/ with a recipe.yaml."""
    return [path.parent for path in sorted(folder.glob("*/*/recipe.yaml"))]


def render_local(
    folder: Path, matrix: Matrix, cells: Sequence[Cell], one: Interpreter
) -> tuple[recipes.Output, ...]:
    """The outputs of the recipe that packs an interpreter of this machine, for its cells."""
    values = {
        **matrix.variants_of(cells),
        "local_version": [one.version],
        "local_sha256": [one.sha256],
        "local_filename": [one.filename],
    }
    for path in folder.glob(f"*/{LOCAL_RECIPE}"):
        return recipes.render(path, values, matrices.ZIP_KEYS, matrix.platform)
    raise UsageError(f"{folder} has no recipe {LOCAL_RECIPE}, which --local-python needs")


def _missing(
    graph: Graph, store: Store, listen: Listener
) -> tuple[dict[str, Artifact], dict[str, frozenset[str]]]:
    """The artifacts that the store has, and the nodes to build with what must precede each.

    A package that is only needed for builds is not built when nothing that needs it is; the
    sysroots are always wanted, because the audit reads them.
    """
    have: dict[str, Artifact] = {}
    wanted: dict[str, frozenset[str]] = {}
    sysroots = [id_ for id_, node in graph.nodes.items() if node.output.name == SYSROOT]
    stack = [*(id_ for ids in graph.cells.values() for id_ in ids), *sysroots]
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
        return builder.find_cached(node, store)
    except Damaged as error:
        told = f"{error.message}: it is built anew"
        listen(Event(stage="plan", item=node.id, state="note", detail=told))
        return None
