"""Recipes to rendered outputs: one concrete recipe per package, nothing left to decide.

A recipe is a folder with a v1 `recipe.yaml` (CEP 13, CEP 14) and, beside it, the files its
scripts use. py-rattler-build evaluates it; what comes back is flattened so that each output
stands alone, because each is built alone, in a sandbox of its own.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import yaml
from rattler_build import (
    PlatformConfig,
    RenderConfig,
    Stage0Recipe,
    VariantConfig,
)

from rootstock.errors import RecipeError

Variants = Mapping[str, Sequence[str]]


@dataclass(frozen=True, kw_only=True)
class Output:
    """One package that a recipe makes with one variant.

    `recipe` is the stage-1 recipe as a dictionary: the values of a `recipe.yaml` with one
    output and no templates. `build` is its build string with build number 0. It is not
    `complete` when the recipe has sources, and none of them for this variant.
    """

    folder: Path
    name: str
    version: str
    build: str
    subdir: str
    variant: Mapping[str, str]
    recipe: Mapping[str, Any]
    complete: bool = True

    @property
    def filename(self) -> str:
        """The package's file name with build number 0."""
        return f"{self.name}-{self.version}-{self.build}.conda"

    @property
    def sources(self) -> tuple[Mapping[str, Any], ...]:
        """The recipe's sources that have to be fetched."""
        return tuple(source for source in self.recipe.get("source", ()) if "url" in source)

    @property
    def extra(self) -> Mapping[str, Any]:
        """What the recipe tells rootstock: `extra.rootstock`."""
        own = self.recipe.get("extra", {}).get("rootstock", {})
        return own if isinstance(own, dict) else {}

    @property
    def verified(self) -> bool:
        """Whether it was ever built and tested.

        The recipe says yes or no, or has shell patterns of what was: `pyroot-6.40.00-py311*`.
        """
        told = self.extra.get("verified", False)
        if isinstance(told, list):
            return any(fnmatchcase(self.filename, pattern) for pattern in told)
        return told is True

    @property
    def test_installs(self) -> bool:
        """Whether a test of the package needs an environment with it and what it runs with."""
        return any(set(test) != {"package_contents"} for test in self.recipe.get("tests", ()))

    def requirements(self, section: str) -> tuple[str, ...]:
        """The match specs of `build`, `host`, `run` or `run_constraints`."""
        return tuple(self.recipe.get("requirements", {}).get(section, ()))

    def run_exports(self, strength: str) -> tuple[str, ...]:
        """What an output that has this one in its host (or build) environment depends on."""
        exports = self.recipe.get("requirements", {}).get("run_exports", {})
        return tuple(exports.get(strength, ()))

    @property
    def ignored_run_exports(self) -> frozenset[str]:
        """Names of packages whose arrival through run_exports the recipe refuses."""
        ignored = self.recipe.get("requirements", {}).get("ignore_run_exports", {})
        return frozenset(ignored.get("by_name", ()))


def load_variants(folder: Path, common: Variants) -> dict[str, list[str]]:
    """The variants a recipe is rendered with: the common ones, and its own on top.

    A recipe's own are in `variants.yaml` beside it, as rattler-build reads it.
    """
    merged = {key: list(values) for key, values in common.items()}
    own = folder / "variants.yaml"
    if own.exists():
        for key, values in (yaml.load(own.read_text(), yaml.CSafeLoader) or {}).items():
            merged[key] = [str(value) for value in values]
    return merged


def render(
    folder: Path, variants: Variants, zip_keys: Sequence[Sequence[str]], platform: str
) -> tuple[Output, ...]:
    """Render a recipe folder with the given variants, one `Output` per package.

    `build.skip` is not looked at: which variants are built is for the matrix to say.

    Raises `RecipeError` when the recipe cannot be read or evaluated.
    """
    path = folder / "recipe.yaml"
    merged = load_variants(folder, variants)
    zipped = [list(keys) for keys in zip_keys if all(key in merged for key in keys)]
    try:
        raw = Stage0Recipe.from_file(path)
        rendered = raw.render(
            VariantConfig(merged, zip_keys=zipped),
            RenderConfig(platform=PlatformConfig(target_platform=platform)),
        )
    except Exception as error:
        raise RecipeError(path, str(error)) from error
    sourced = _sourced(raw.to_dict())
    outputs = []
    variants_of: dict[tuple[str, str], dict[str, str]] = {}
    # Each look at these attributes makes a copy.
    looked_at = [(one.variant, one.recipe.to_dict()) for one in rendered]
    for own, recipe in looked_at:
        name, version = recipe["package"]["name"], recipe["package"]["version"]
        build = recipe["build"]["string"]
        siblings = {**_versions(looked_at, own), name: version}
        builds = {key: spec for key, spec in own.items() if key in siblings}
        # What is pinned to a sibling belongs where the sibling does: to its Python.
        variant: dict[str, str] = {}
        for sibling, spec in builds.items():
            variant |= variants_of[sibling, spec.split()[1]]
        variant |= {key: value for key, value in own.items() if key not in siblings}
        variants_of[name, build] = variant
        outputs.append(
            Output(
                folder=folder,
                name=name,
                version=version,
                build=build,
                subdir="noarch" if recipe["build"].get("noarch") else platform,
                variant=variant,
                recipe=_with_plain_extra(_with_script(_with_plain_pins(recipe, siblings, builds))),
                complete=bool(recipe.get("source")) or not {"", name} & sourced,
            )
        )
    return tuple(outputs)


def _versions(
    rendered: Sequence[tuple[Mapping[str, str], Mapping[str, Any]]], own: Mapping[str, str]
) -> dict[str, str]:
    """The versions of a recipe's outputs by name, as they are where one with the variant `own` is.

    An output that is rendered for several variants may have a version in each.
    """

    def agrees(other: Mapping[str, str]) -> bool:
        common = (own.keys() & other.keys()) - {"target_platform"}
        return all(own[key] == other[key] for key in common)

    packages = (recipe["package"] for variant, recipe in rendered if agrees(variant))
    return {package["name"]: package["version"] for package in packages}


def _sourced(raw: Mapping[str, Any]) -> set[str]:
    """The outputs for which a recipe has sources for at least one variant; "" is all of them."""
    found = {""} if raw.get("source") else set()
    return found | {
        output.get("package", {}).get("name", "")
        for output in raw.get("outputs", ())
        if output.get("source")
    }


def _with_plain_extra(recipe: dict[str, Any]) -> dict[str, Any]:
    """Make `verified` true or false where a template gave text; `released` is this output's own."""
    extra = recipe.get("extra", {})
    own = extra.get("rootstock")
    if not isinstance(own, dict):
        return recipe
    plain = dict(own)
    if isinstance(own.get("verified"), str):
        plain["verified"] = own["verified"] == "true"
    if isinstance(dates := own.get("released"), dict):
        plain["released"] = dates.get(recipe["package"]["name"], "")
    return {**recipe, "extra": {**extra, "rootstock": plain}}


def _with_script(recipe: dict[str, Any]) -> dict[str, Any]:
    """Name the default script, so that an environment for it can be written beside it."""
    given = recipe["build"].get("script") or {}
    script = dict(given) if isinstance(given, dict) else {"content": given}
    if not {"file", "content"} & script.keys():
        script["file"] = "build.sh"
    return {**recipe, "build": {**recipe["build"], "script": script}}


def _with_plain_pins(
    recipe: Mapping[str, Any], siblings: Mapping[str, str], builds: Mapping[str, str]
) -> dict[str, Any]:
    """Write every pin so that a recipe with this one output can be read again.

    `pin_subpackage` becomes a plain match spec: the siblings' versions are known here, and
    the builder will not see the siblings. `pin_compatible` stays a template, for the builder
    to fill in with what it finds in the host environment.
    """
    own = f"{recipe['package']['version']} {recipe['build']['string']}"
    builds = {**builds, str(recipe["package"]["name"]): own}

    def plain(value: Any) -> Any:
        if isinstance(value, list):
            return [plain(item) for item in value]
        if not isinstance(value, dict):
            return value
        if pin := value.get("pin_subpackage"):
            name = pin["name"]
            if pin.get("exact"):
                version, build = builds[name].split()
                return f"{name} =={version} {build}"
            return pinned(name, siblings[name], pin.get("lower_bound"), pin.get("upper_bound"))
        if pin := value.get("pin_compatible"):
            bounds = {k: v for k, v in pin.items() if k != "name"}
            options = "".join(f", {k}={v!r}" for k, v in bounds.items())
            return f"${{{{ pin_compatible({pin['name']!r}{options}) }}}}"
        return {key: plain(item) for key, item in value.items()}

    return {**recipe, "requirements": plain(recipe.get("requirements", {}))}


def pinned(name: str, version: str, lower: str | None, upper: str | None) -> str:
    """The match spec of a pin, by conda-build's rules: `x.x` counts a version's parts.

    >>> pinned("zlib", "1.3.1", "x.x.x.x.x.x", "x")
    'zlib >=1.3.1,<2.0a0'
    """
    parts = version.split(".")
    bounds = []
    if lower:
        bounds.append(">=" + (".".join(parts[: lower.count("x")]) if "x" in lower else lower))
    if upper and "x" in upper:
        kept = parts[: upper.count("x")]
        bumped = [*kept[:-1], str(int(kept[-1]) + 1)]
        bounds.append("<" + ".".join([*bumped, "0a0"]))
    elif upper:
        bounds.append("<" + upper)
    return f"{name} {','.join(bounds)}".strip()
