"""Links: what each output needs, as far as other outputs go, before there are any keys."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from rootstock.core.errors import RecipeError, UsageError
from rootstock.plan.match import Find, matches
from rootstock.plan.place import Place
from rootstock.plan.recipe import Output
from rootstock.plan.requirement import name_of


@dataclass
class Links:
    """What one output needs: ids of its direct build, host, run and test dependencies.

    `seen` are the variant values that its requirements are looked up with.
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
    """Find the dependencies of an output, and theirs, into `links`.

    `variant` is the cell's. What an output depends on follows from that and its own values, not
    from who was the first to ask for it: its key would change with their recipes otherwise.
    """
    output = by_id[id_]
    if id_ in path:
        circle = (*path[path.index(id_) :], id_)
        raise RecipeError(
            output.path,
            "recipes need each other: " + " -> ".join(circle),
            "Take one of these requirements out. What a test alone needs is named in the test.",
            line=Place(output).line(("requirements",)),
        )
    if id_ in links:
        return
    if not output.complete:
        values = ", ".join(f"{key} {value}" for key, value in sorted(output.variant.items()))
        raise RecipeError(
            output.path,
            f"none of its sources is for {id_} ({values})",
            "docs/recipes.md tells what a new version needs.",
            line=Place(output).line(("source",)),
        )
    # Its own values first: an output made for sysroot 2.28 needs what is made for that.
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
    """Find what the tests of the linked outputs need, and what that needs, into `links`."""
    queue = list(links)
    for id_ in queue:  # it grows: what a test needs may have tests itself
        output, own = by_id[id_], links[id_]
        wanted = [spec for spec in output.test_requirements if _ours(spec)]
        found = [_found(spec, own.seen, find, output, ("tests",)) for spec in wanted]
        own.test = [dep for dep in dict.fromkeys(found) if dep != id_]
        for dep in own.test:
            known = len(links)
            link(dep, variant, by_id, find, links, ())
            queue += list(links)[known:]


def _ours(spec: str) -> bool:
    """Whether a requirement is a package's, and not the machine's (`__glibc`)."""
    return not spec.startswith("__")


def _found(
    spec: str, seen: Mapping[str, str], find: Find, output: Output, keys: tuple[str, ...]
) -> str:
    """The id of what an output needs; raises `RecipeError` on the line of `keys`."""
    who = f"a test of {output.name}" if keys == ("tests",) else output.name
    try:
        return find(spec, seen, who)
    except UsageError as error:
        place = Place(output)
        line = place.line((*keys, spec)) or place.line(keys)
        raise RecipeError(place.path, error.message, error.remedy, line=line) from error


def require_order(links: Mapping[str, Links], by_id: Mapping[str, Output]) -> None:
    """See that what the tests of an output need can be there when it is tested.

    Raises `RecipeError` when that is built after it, or would change what it is built with.
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
                f"a test of {by_id[id_].name} needs what is built after it: " + " -> ".join(way),
                "Test that in the recipe of what is built later. A Python test needs no pip with "
                "pip_check: false.",
            )
        _require_one(by_id[id_], built[id_], tested[id_], by_id)


def _way_back(id_: str, before: Mapping[str, frozenset[str]]) -> list[str]:
    """A way from an output to itself along what must be there before it; empty without one."""
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
    """See that the builder does not find a second version, for tests, of what it builds with.

    It would take that one for the build, and no build key tells which it took.
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
                f"a test of {output.name} needs {id_}, and it is built with {first}: the build "
                "might take the other",
                f"Name the version of {other.name} in requirements.host, or test with that.",
            )


def memoised_closure(direct: Mapping[str, Sequence[str]]) -> Callable[[str], frozenset[str]]:
    """A function that gives all that an output depends on, by what each depends on directly."""
    known: dict[str, frozenset[str]] = {}

    def closure(id_: str) -> frozenset[str]:
        if id_ not in known:
            known[id_] = frozenset().union(*({dep} | closure(dep) for dep in direct[id_]))
        return known[id_]

    return closure
