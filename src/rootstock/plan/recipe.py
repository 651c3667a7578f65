"""Renders recipes: one concrete recipe per package, with nothing left to decide.

A recipe is a folder with a v1 `recipe.yaml` (CEP 13, CEP 14) and the files that its scripts use.
py-rattler-build evaluates it. The result is flattened so that each output stands alone, because
each is built alone, in its own sandbox.
"""

import re
from codecs import BOM_UTF8
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from fnmatch import fnmatchcase
from functools import partial
from pathlib import Path
from typing import Any

from rattler_build import (
    PlatformConfig,
    RenderConfig,
    Stage0Recipe,
    VariantConfig,
)

from rootstock.core import yaml_source
from rootstock.core.errors import RecipeError
from rootstock.plan import extra
from rootstock.plan.pins import written_out

Variants = Mapping[str, Sequence[str]]

_NO_MARK = "Save it as UTF-8 without one: the builder reads it as part of the first key."
_SCRIPT = "build.sh"  # builds a package whose recipe names no script
# The packages that run tests in other languages.
_INTERPRETERS = {"perl": "perl", "r": "r-base", "ruby": "ruby"}
# How messages of py-rattler-build 0.73 give the line in a recipe.
_PLACES = (r"line: (\d+), column", r"YAML: (\d+):\d+:", r"mapping at (\d+):")
_JINJA = re.compile(r'JinjaError \{ message: "((?:[^"\\]|\\.)*)"')
_INVALID = re.compile(r'InvalidValue \{ field: "([^"]*)", reason: "((?:[^"\\]|\\.)*)"')
_NAMED = re.compile(
    r"invalid value for '(?:(?P<way>[a-z_]+\.[a-z_.]+)|(?P<word>[a-z0-9_]+)(?=': (?!unknown ))|"
    r"(?P<part>[a-z_ ]+)': unknown (?:top-level )?field '(?P<key>[^']*))'"
)
# Keys whose values are expressions without the delimiters of a template.
_EXPRESSIONS = ("if", "skip")
_UNKNOWN = re.compile(r"unknown top-level field '([^']*)'")
# The keys of a recipe (CEP 14, and `recipe` and `outputs` as in rattler-build).
_TOP_LEVEL = (
    *("schema_version", "context", "package", "recipe", "source", "build", "requirements"),
    *("outputs", "tests", "about", "extra", "cache"),
)


@dataclass(frozen=True, kw_only=True)
class Output:
    """One package that a recipe makes with one variant.

    `recipe` is the stage-1 recipe as a dictionary: the values of a `recipe.yaml` with one output
    and no templates. `build` is its build string with build number 0. `complete` is false when the
    recipe has sources, but none for this variant. For an output that comes from the stack's lock
    instead of a recipe, `lock` is that file.
    """

    folder: Path
    name: str
    version: str
    build: str
    subdir: str
    variant: Mapping[str, str]
    recipe: Mapping[str, Any]
    complete: bool = True
    lock: Path | None = None

    @property
    def path(self) -> Path:
        """The file that defines it: a recipe, or the lock of the stack."""
        return self.lock or self.folder / "recipe.yaml"

    @property
    def filename(self) -> str:
        """The package's file name with build number 0."""
        return f"{self.name}-{self.version}-{self.build}.conda"

    @property
    def sources(self) -> tuple[Mapping[str, Any], ...]:
        """The recipe's sources that are fetched from an address."""
        return tuple(source for source in self.recipe.get("source", ()) if "url" in source)

    @property
    def extra(self) -> Mapping[str, Any]:
        """The recipe's settings for rootstock: `extra.rootstock`."""
        own = self.recipe.get("extra", {}).get("rootstock", {})
        return own if isinstance(own, dict) else {}

    @property
    def verified(self) -> bool:
        """Whether it was ever built and tested.

        The recipe says yes or no, or has shell patterns of the file names: `pyroot-6.40.00-py311*`.
        """
        verified = self.extra.get("verified", False)
        if isinstance(verified, list):
            return any(fnmatchcase(self.filename, pattern) for pattern in verified)
        return verified is True

    @property
    def test_installs(self) -> bool:
        """Whether a test needs an environment with the package and its dependencies."""
        return any(set(test) != {"package_contents"} for test in self.recipe.get("tests", ()))

    @property
    def test_requirements(self) -> tuple[str, ...]:
        """The match specs that the package's tests need, beside its own dependencies.

        These are what rattler-build installs for each kind of test: for a Python test the Python
        that it names, and pip unless it says `pip_check: false`.
        """
        wanted: list[str] = []
        for test in self.recipe.get("tests", ()):
            for section in ("run", "build"):
                wanted += test.get("requirements", {}).get(section, ())
            if isinstance(python := test.get("python"), Mapping):
                versions = python.get("python_version", ())
                versions = [versions] if isinstance(versions, str) else versions
                wanted += [f"python {version}" for version in versions]
                wanted += ["pip"] if python.get("pip_check", True) else []
            wanted += [_INTERPRETERS[kind] for kind in _INTERPRETERS if kind in test]
            wanted += [test["downstream"]] if "downstream" in test else []
        return tuple(dict.fromkeys(wanted))

    def requirements(self, section: str) -> tuple[str, ...]:
        """The match specs of `build`, `host`, `run` or `run_constraints`."""
        return tuple(self.recipe.get("requirements", {}).get(section, ()))

    def run_exports(self, strength: str) -> tuple[str, ...]:
        """The dependencies of an output that has this one in its host (or build) environment."""
        exports = self.recipe.get("requirements", {}).get("run_exports", {})
        return tuple(exports.get(strength, ()))

    @property
    def ignored_run_exports(self) -> frozenset[str]:
        """Names of packages that the recipe refuses to get through run_exports."""
        ignored = self.recipe.get("requirements", {}).get("ignore_run_exports", {})
        return frozenset(ignored.get("by_name", ()))


def load_variants(
    folder: Path, common: Variants, taken: Collection[str] = ()
) -> dict[str, list[str]]:
    """Return the variants of a recipe: the common ones, overridden by its own.

    Its own are in its `variants.yaml`, read as in rattler-build.

    Raises `UsageError` with file and line when that is not a mapping of lists of text, or sets a
    key that belongs to the matrix.
    """
    merged = {key: list(values) for key, values in common.items()}
    own = folder / "variants.yaml"
    if own.exists():
        for key, values in yaml_source.read(own).entries().items():
            if key in taken:
                raise values.fail(
                    f"a recipe cannot set {key}: the cells and the platform set it",
                    "Remove it. ci/matrix.yaml says which versions are built.",
                )
            merged[key] = [value.text() for value in values.items()]
    return merged


def render(
    folder: Path,
    variants: Variants,
    zip_keys: Sequence[Sequence[str]],
    platform: str,
    taken: Collection[str] = (),
) -> tuple[Output, ...]:
    """Render a recipe folder with the given variants, one `Output` per package.

    A recipe's own variants must have none of the values in `taken`.

    `build.skip` is ignored: the matrix decides which variants are built. `plan.checks` decides
    whether the rendered outputs can be built.

    Raises `RecipeError` when the recipe cannot be read or evaluated, and `UsageError` when one of
    its files is not YAML.
    """
    path = folder / "recipe.yaml"
    merged = load_variants(folder, variants, taken)
    zipped = [list(keys) for keys in zip_keys if all(key in merged for key in keys)]
    text = yaml_source.text_of(path)
    with path.open("rb") as file:
        if file.read(len(BOM_UTF8)) == BOM_UTF8:
            raise RecipeError(path, "the file begins with a byte order mark", _NO_MARK, line=1)
    if line := yaml_source.line_of_word(text, "env", _EXPRESSIONS):
        raise RecipeError(
            path,
            "a template reads an environment variable of the user who plans the build",
            "A package must not depend on who builds it: write the value into context:, or let "
            "the script set it.",
            line=line,
        )
    try:
        raw = Stage0Recipe.from_file(path)
        rendered = raw.render(
            VariantConfig(merged, zip_keys=zipped),
            RenderConfig(platform=PlatformConfig(target_platform=platform)),
        )
        # Each access to these attributes makes a copy.
        looked_at = [(one.variant, one.recipe.to_dict()) for one in rendered]
        return _outputs(folder, looked_at, _sourced(raw.to_dict()), platform)
    except Exception as error:  # the builder's errors have no common class
        raise _evaluation_error(path, error) from error


def _evaluation_error(path: Path, error: Exception) -> RecipeError:
    """Return the builder's reason why a recipe cannot be evaluated, with its line if known."""
    text = str(error)
    line = next((int(found[1]) for found in map(partial(_search, text), _PLACES) if found), 0)
    if found := _JINJA.search(text):
        text = found[1].replace('\\"', '"').replace("\\\\", "\\").replace("\\n", " ")
    elif found := _INVALID.search(text):
        text = f"{found[1]}: {found[2]}"
    remedy = ""
    if not line and (named := _NAMED.search(text)):
        line = _line_of(path, named)
    if found := _UNKNOWN.search(text):
        like = get_close_matches(found[1], _TOP_LEVEL, 1)
        remedy = f"Write {like[0]} instead." if like else f"Known: {', '.join(_TOP_LEVEL)}."
    return RecipeError(path, text.removeprefix("parse error: "), remedy, line=line)


def _line_of(path: Path, named: re.Match[str]) -> int:
    """Return the line of the key that a message names, by its path or its parent."""
    top = yaml_source.read(path).node
    if named["way"]:
        return yaml_source.line_of(top, *named["way"].split("."))
    if named["word"]:
        found = yaml_source.lines_of(top, named["word"])
        return found[0] if len(found) == 1 else 0
    if named["part"] == "recipe":
        return yaml_source.line_of(top, named["key"])
    part = named["part"].split()[-1]  # "git source", "commands test"
    parents = (named["part"].split()[0], part, f"{part}s")
    places = (yaml_source.line_below(top, parent, named["key"]) for parent in parents)
    return next(filter(None, places), 0)


def _search(text: str, pattern: str) -> re.Match[str] | None:
    return re.search(pattern, text)


def _outputs(
    folder: Path,
    rendered: Sequence[tuple[Mapping[str, str], Mapping[str, Any]]],
    sourced: Collection[str],
    platform: str,
) -> tuple[Output, ...]:
    outputs = []
    variants_of: dict[tuple[str, str], dict[str, str]] = {}
    for own, recipe in rendered:
        name, version = recipe["package"]["name"], recipe["package"]["version"]
        build = recipe["build"]["string"]
        siblings = {**_versions(rendered, own), name: version}
        builds = {key: spec for key, spec in own.items() if key in siblings}
        # An output that is pinned to a sibling belongs to the sibling's Python.
        variant: dict[str, str] = {}
        for sibling, spec in builds.items():
            variant |= variants_of.get((sibling, spec.split()[-1]), {})
        variant |= {key: value for key, value in own.items() if key not in siblings}
        variants_of[name, build] = variant
        alone = _with_script(written_out(recipe, siblings, builds), folder)
        outputs.append(
            Output(
                folder=folder,
                name=name,
                version=version,
                build=build,
                subdir="noarch" if recipe["build"].get("noarch") else platform,
                variant=variant,
                recipe=extra.of_output(alone, f"{name}-{version}-{build}.conda"),
                complete=bool(recipe.get("source")) or not {"", name}.intersection(sourced),
            )
        )
    return tuple(outputs)


def _versions(
    rendered: Sequence[tuple[Mapping[str, str], Mapping[str, Any]]], own: Mapping[str, str]
) -> dict[str, str]:
    """Return the versions of a recipe's outputs by name, for the variant `own`.

    An output that is rendered for several variants may have a version in each.
    """

    def agrees(other: Mapping[str, str]) -> bool:
        common = (own.keys() & other.keys()) - {"target_platform"}
        return all(own[key] == other[key] for key in common)

    packages = (recipe["package"] for variant, recipe in rendered if agrees(variant))
    return {package["name"]: package["version"] for package in packages}


def _sourced(raw: Mapping[str, Any]) -> set[str]:
    """The outputs with sources for at least one variant; "" stands for all outputs."""
    found = {""} if raw.get("source") else set()
    return found | {
        output.get("package", {}).get("name", "")
        for output in raw.get("outputs", ())
        if output.get("source")
    }


def _with_script(recipe: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Name the default script, so that an environment for it can be written beside it.

    Without one, nothing runs: a package may consist of its dependencies.
    """
    given = recipe["build"].get("script") or {}
    script = dict(given) if isinstance(given, dict) else {"content": given}
    if not {"file", "content"} & script.keys():
        default = {"file": _SCRIPT} if (folder / _SCRIPT).is_file() else {"content": ""}
        script |= default
    return {**recipe, "build": {**recipe["build"], "script": script}}
