"""Pins: writes out `pin_subpackage` and `pin_compatible`, so that an output stands alone."""

from collections.abc import Mapping
from typing import Any

from rattler import Version


def written_out(
    recipe: Mapping[str, Any], siblings: Mapping[str, str], builds: Mapping[str, str]
) -> dict[str, Any]:
    """Return a rendered recipe whose pins make sense without its siblings.

    `siblings` are the versions of the recipe's outputs, by name; `builds` are version and build
    string of the exactly pinned ones. `pin_subpackage` becomes a plain match spec. `pin_compatible`
    stays a template: the builder fills in the version from the host environment. Tests have pins to
    outputs only: they have no host environment.

    Raises `ValueError` for a pin to a package that is no output of the recipe, and for
    `pin_compatible` in a test.
    """
    own = f"{recipe['package']['version']} {recipe['build']['string']}"
    builds = {**builds, str(recipe["package"]["name"]): own}

    def plain(value: Any) -> Any:
        if isinstance(value, list):
            return [plain(item) for item in value]
        if not isinstance(value, dict):
            return value
        if pin := value.get("pin_subpackage"):
            name, known = pin["name"], builds if pin.get("exact") else siblings
            if name not in known:
                made = ", ".join(sorted(siblings))
                raise ValueError(f"pin_subpackage('{name}') is no output of this recipe ({made})")
            if pin.get("exact"):
                version, build = builds[name].split()
                return f"{name} =={version} {build}"
            return pinned(name, siblings[name], pin.get("lower_bound"), pin.get("upper_bound"))
        if pin := value.get("pin_compatible"):
            bounds = {k: v for k, v in pin.items() if k != "name"}
            options = "".join(f", {k}={v!r}" for k, v in bounds.items())
            return f"${{{{ pin_compatible({pin['name']!r}{options}) }}}}"
        return {key: plain(item) for key, item in value.items()}

    written = {**recipe, "requirements": plain(recipe.get("requirements", {}))}
    if tests := recipe.get("tests"):
        written["tests"] = [_tested(plain(test)) for test in tests]
    return written


def _tested(test: dict[str, Any]) -> dict[str, Any]:
    for specs in test.get("requirements", {}).values():
        for spec in specs:
            if "pin_compatible(" in spec:
                raise ValueError(f"{spec} is in a test, which has no host environment to pin to")
    return test


def pinned(name: str, version: str, lower: str | None, upper: str | None) -> str:
    """The match spec of a pin, computed as in rattler-build: `x.x` counts a version's segments.

    A version that has fewer segments is its own lower bound, and is extended by zeros for the upper
    one.

    >>> pinned("zlib", "1.3.1", "x.x.x.x.x.x", "x")
    'zlib >=1.3.1,<2.0a0'
    >>> pinned("jpeg", "9e", "x.x", "x")
    'jpeg >=9e,<10a'
    """
    bounds = []
    if lower:
        bounds.append(">=" + (_cut(version, lower.count("x")) if "x" in lower else lower))
    if upper:
        bounds.append("<" + (_above(version, upper.count("x")) if "x" in upper else upper))
    return f"{name} {','.join(bounds)}".strip()


def _cut(version: str, segments: int) -> str:
    whole = Version(version)
    # As it is written: to a solver 6.40.00 is 6.40.0, but not to a reader.
    return version if segments >= whole.segment_count else str(whole.with_segments(0, segments))


def _above(version: str, segments: int) -> str:
    """The first version that differs in one of the first segments, before its pre-releases."""
    whole = Version(version)
    cut = whole.with_segments(0, min(segments, whole.segment_count))
    return str(cut.bump_segment(segments - 1).with_alpha().remove_local())
