"""Links: which other outputs each output needs, found before there are any build keys."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from rootstock.core.errors import RecipeError, UsageError
from rootstock.plan.match import Find, matches
from rootstock.plan.position import Position
from rootstock.plan.recipe import Output
from rootstock.plan.requirement import name_of


@dataclass
class Links:
    """The dependencies of one output: ids for its build, host, run and tests.

    `seen` are the variant values that select the outputs for its requirements.
    """

    build: list[str]
    host: list[str]
    run: list[str]
    seen: Mapping[str, str]
    test: list[str] = field(default_factory=list)


def link(
    id_: str,
    variant: Mapping[str, str],
    by_id: Mapping[str, Output],
    find: Find,
    links: dict[str, Links],
    path: tuple[str, ...],
) -> None:
    """Add the dependencies of an output, and theirs, to `links`.

    `variant` is the cell's. The dependencies of an output follow from that and its own values, not
    from who asked for it first: otherwise its key would change with their recipes.
    """
    output = by_id[id_]
    if id_ in path:
        circle = (*path[path.index(id_) :], id_)
        raise RecipeError(
            output.path,
            "recipes depend on each other: " + " -> ".join(circle),
            "Remove one of these requirements. Name in a test what only the test needs.",
            line=Position(output).line(("requirements",)),
        )
    if id_ in links:
        return
    if not output.complete:
        values = ", ".join(f"{key} {value}" for key, value in sorted(output.variant.items()))
        raise RecipeError(
            output.path,
            f"none of its sources is for {id_} ({values})",
            "docs/recipes.md says what a new version needs.",
            line=Position(output).line(("source",)),
        )
    # Its own values first: an output for sysroot 2.28 needs outputs for the same sysroot.
    seen = {**variant, **output.variant}

    def found(section: str, more: Iterable[str] = ()) -> list[str]:
        keys = ("requirements", section)
        specs = [*output.requirements(section), *more]
        return [_found(spec, seen, find, output, keys) for spec in specs if _ours(spec)]

    build, host = found("build"), found("host")
    exported = [spec for dep in build for spec in by_id[dep].run_exports("strong")]
    strengths = ("noarch",) if output.subdir == "noarch" else ("strong", "weak")
    for strength in strengths:
        exported += [spec for dep in host for spec in by_id[dep].run_exports(strength)]
    ignored = output.ignored_run_exports
    kept = [spec for spec in exported if name_of(spec) not in ignored]
    run = found("run", kept)
    run = [dep for dep in dict.fromkeys(run) if dep != id_]
    for dep in dict.fromkeys((*build, *host, *run)):
        link(dep, variant, by_id, find, links, (*path, id_))
    links[id_] = Links(build=build, host=host, run=run, seen=seen)


def link_tests(
    variant: Mapping[str, str],
    by_id: Mapping[str, Output],
    find: Find,
    links: dict[str, Links],
) -> None:
    """Add the needs of the linked outputs' tests, and the needs of those, to `links`."""
    queue = list(links)
    for id_ in queue:  # it grows: an output that a test needs may have tests itself
        output, own = by_id[id_], links[id_]
        wanted = [spec for spec in output.test_requirements if _ours(spec)]
        found = [_found(spec, own.seen, find, output, ("tests",)) for spec in wanted]
        own.test = [dep for dep in dict.fromkeys(found) if dep != id_]
        for dep in own.test:
            known = len(links)
            link(dep, variant, by_id, find, links, ())
            queue += list(links)[known:]


def _ours(spec: str) -> bool:
    """Whether a requirement is a package, not a property of the machine (`__glibc`)."""
    return not spec.startswith("__")


def _found(
    spec: str, seen: Mapping[str, str], find: Find, output: Output, keys: tuple[str, ...]
) -> str:
    """Return the id of a needed output; raises `RecipeError` on the line of `keys`."""
    who = f"a test of {output.name}" if keys == ("tests",) else output.name
    try:
        return find(spec, seen, who)
    except UsageError as error:
        position = Position(output)
        line = position.line((*keys, spec)) or position.line(keys)
        raise RecipeError(position.path, error.message, error.remedy, line=line) from error


def require_order(links: Mapping[str, Links], by_id: Mapping[str, Output]) -> None:
    """Check that everything the tests of an output need can exist when it is tested.

    Raises `RecipeError` when a needed package is built later, or would change the build.
    """
    runs = memoised_closure({id_: one.run for id_, one in links.items()})

    def whole(ids: Iterable[str]) -> frozenset[str]:
        return frozenset().union(*({id_} | runs(id_) for id_ in ids))

    built = {id_: whole((*one.build, *one.host)) for id_, one in links.items()}
    tested = {id_: whole(one.test) - {id_} for id_, one in links.items()}
    before = {
        id_: built[id_] | tested[id_] | (runs(id_) if by_id[id_].test_installs else frozenset())
        for id_ in links
    }
    for id_ in (id_ for id_, one in links.items() if one.test):
        if way := _way_back(id_, before):
            raise RecipeError(
                by_id[id_].path,
                f"a test of {by_id[id_].name} needs a package that is built after it: "
                + " -> ".join(way),
                "Move the test to the recipe of the later package. A Python test needs no pip with "
                "pip_check: false.",
            )
        _require_one(by_id[id_], built[id_], tested[id_], by_id)


def _way_back(id_: str, before: Mapping[str, frozenset[str]]) -> list[str]:
    """Return a path from an output back to itself along its prerequisites, or an empty list."""
    came_from: dict[str, str] = {}
    queue = [id_]
    for one in queue:
        for dep in sorted(before[one]):
            if dep == id_:
                way = [one]
                while way[-1] != id_:
                    way.append(came_from[way[-1]])
                return [*reversed(way), id_]
            if dep not in came_from:
                came_from[dep] = one
                queue.append(dep)
    return []


def _require_one(
    output: Output, built: frozenset[str], tested: frozenset[str], by_id: Mapping[str, Output]
) -> None:
    """Check that no test needs a second version of a package that the build uses.

    The builder would take that one for the build, and no build key shows which it took.
    """
    names = {by_id[id_].name for id_ in built}
    for id_ in sorted(tested - built):
        other = by_id[id_]
        if other.name not in names:
            continue
        asked = [*output.requirements("build"), *output.requirements("host")]
        own = [spec for spec in asked if name_of(spec) == other.name]
        if not own or all(spec == other.name or matches(spec, other) for spec in own):
            [first, *_] = sorted(one for one in built if by_id[one].name == other.name)
            raise RecipeError(
                output.path,
                f"a test of {output.name} needs {id_}, but its build uses {first}: the build "
                "might take the other",
                f"Name the version of {other.name} in requirements.host, or use it in the test.",
            )


def memoised_closure(direct: Mapping[str, Sequence[str]]) -> Callable[[str], frozenset[str]]:
    """Make a function that returns all dependencies of an output from the direct ones."""
    known: dict[str, frozenset[str]] = {}

    def closure(id_: str) -> frozenset[str]:
        if id_ not in known:
            known[id_] = frozenset().union(*({dep} | closure(dep) for dep in direct[id_]))
        return known[id_]

    return closure
