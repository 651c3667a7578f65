"""Matching: finds the output that a requirement means, among the outputs of all recipes."""

from collections.abc import Callable, Mapping
from difflib import get_close_matches
from functools import cache

from rattler import PackageRecord, Version
from rattler.package import BuildString

from rootstock.core.errors import UsageError
from rootstock.core.names import quoted
from rootstock.plan.recipe import Output
from rootstock.plan.requirement import name_of, spec_of

# A function that finds the id of an output from its spec, the variant of the package that needs it,
# and that package's name for messages.
Find = Callable[[str, Mapping[str, str], str], str]


def finder(by_id: Mapping[str, Output]) -> Find:
    """Make a function that finds the output that a match spec means for a variant."""
    by_name: dict[str, list[tuple[str, PackageRecord]]] = {}
    for id_, output in by_id.items():
        by_name.setdefault(output.name, []).append((id_, _record(output)))

    @cache
    def order(id_: str) -> Version:
        return version_order(by_id[id_].version)

    def find(spec: str, variant: Mapping[str, str], needed_by: str) -> str:
        name = name_of(spec)
        candidates = by_name.get(name, [])
        if spec == name and name in variant:
            spec = f"{name} {variant[name]}"
        try:
            match = None if spec == name or "${{" in spec else spec_of(spec)
        except ValueError as error:
            message = f"{needed_by} needs {quoted(spec)}, which is not a match spec: {error}"
            raise UsageError(message, "Write it like zlib, zlib >=1.3 or zlib 1.3.*") from error
        fitting = [id_ for id_, record in candidates if match is None or match.matches(record)]
        fitting = [id_ for id_ in fitting if agrees(by_id[id_].variant, variant)] or fitting
        fitting = [id_ for id_ in fitting if _runs_with(by_id[id_], variant.get("cpython"))]
        if not fitting:
            made = ", ".join(id_ for id_, _ in candidates) or f"there is no {name}"
            like = get_close_matches(name.lower(), by_name) if not candidates else ()
            remedy = f"Similar names: {', '.join(like)}" if like else ""
            raise UsageError(f"{needed_by} needs {spec}, which no recipe makes: {made}", remedy)
        # A recipe's output comes before the version that the stack's lock has for a set that pins
        # it. Of several, take the newest, as a solver would.
        return max(fitting, key=lambda id_: (by_id[id_].lock is None, order(id_)))

    return find


def preferring(find: Find, pinned: Mapping[str, str]) -> Find:
    """Make a `find` that prefers the versions in `pinned` where the spec allows them."""
    if not pinned:
        return find

    def found(spec: str, variant: Mapping[str, str], needed_by: str) -> str:
        name = name_of(spec)
        if name in pinned:
            exact = PackageRecord(
                name=name,
                version=pinned[name],
                build=BuildString("0"),
                build_number=0,
                subdir="noarch",
            )
            if spec == name or ("${{" not in spec and spec_of(spec).matches(exact)):
                return find(f"{name} =={pinned[name]}", variant, needed_by)
        return find(spec, variant, needed_by)

    return found


def matches(spec: str, output: Output) -> bool:
    """Whether an output satisfies a match spec."""
    return "${{" in spec or spec_of(spec).matches(_record(output))


def _record(output: Output) -> PackageRecord:
    return PackageRecord(
        name=output.name,
        version=output.version,
        build=BuildString(output.build),
        build_number=0,
        subdir=output.subdir,
    )


def _runs_with(output: Output, cpython: str | None) -> bool:
    """Whether a noarch output accepts the Python of a cell; the build of others names theirs."""
    if cpython is None or output.subdir != "noarch":
        return True
    build = BuildString(f"0_cp{cpython.replace('.', '')}")
    python = PackageRecord(
        name="python", version=cpython, build=build, build_number=0, subdir="linux-64"
    )
    wanted = [spec for spec in output.requirements("run") if name_of(spec) == "python"]
    return all(spec_of(spec).matches(python) for spec in wanted)


def version_order(version: str) -> Version:
    """The key to sort versions by: 3.15.0rc1 is older than 3.15.0."""
    return Version(version)


def agrees(one: Mapping[str, str], other: Mapping[str, str]) -> bool:
    """Whether no key has different values in the two variants."""
    # A noarch package has "noarch" for its platform, and works with the others.
    own = {key: value for key, value in one.items() if key != "target_platform"}
    return all(other.get(key, value) == value for key, value in own.items())
