"""Checks, before anything is fetched or built, whether what a recipe makes can be built.

Planning stops at the first error. `rootstock lint` shows all errors and warnings.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from rootstock.core import names
from rootstock.core.errors import RecipeError
from rootstock.plan import input_checks, scripts, security
from rootstock.plan.fault import Fault
from rootstock.plan.numbers import has_place
from rootstock.plan.position import Position
from rootstock.plan.recipe import Output

# The keys of `extra.rootstock`, and the values of two of them.
KEYS = ("origin", "scope", "verified", "audit", "released")
ORIGINS = ("source", "wheel", "deb", "local")
SCOPES = ("channel", "image", "local")
_FIRST_DAY = date(1990, 1, 1)  # nothing packaged here was released earlier
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_OWN = ("extra", "rootstock")


@dataclass(frozen=True, kw_only=True)
class RecipeFinding:
    """A fault of a recipe: its position, what is wrong, and what to write instead.

    `line` is 0 where it is not known. A finding that is not `serious` is a warning.
    """

    path: Path
    line: int
    message: str
    remedy: str
    serious: bool = True

    @property
    def position(self) -> str:
        """The file, and the line in it."""
        return f"{self.path}:{self.line}" if self.line else str(self.path)

    def error(self) -> RecipeError:
        """The error that planning ends with."""
        return RecipeError(self.path, self.message, self.remedy, line=self.line)


def require_buildable(outputs: Iterable[Output]) -> None:
    """Raise `RecipeError` for the first output that cannot be built as its recipe describes it."""
    folders: set[Path] = set()
    for output in outputs:
        for fault in _faults(output, folders):
            if fault.serious:  # only these need their line
                raise _finding(fault, Position(output)).error()


def findings(outputs: Iterable[Output]) -> list[RecipeFinding]:
    """Return all faults of the outputs of recipes, errors and warnings, each once."""
    found: dict[RecipeFinding, None] = {}
    folders: set[Path] = set()
    for output in outputs:
        position = Position(output)
        found |= dict.fromkeys(_finding(fault, position) for fault in _faults(output, folders))
    return list(found)


def _faults(output: Output, folders: set[Path]) -> Iterator[Fault]:
    """The faults of an output, and of its recipe's files if the folder is not among `folders`."""
    if output.folder not in folders:
        folders.add(output.folder)
        yield from input_checks.files(output)
    for check in _CHECKS:
        yield from check(output)


def _finding(fault: Fault, position: Position) -> RecipeFinding:
    return RecipeFinding(
        path=position.path,
        line=position.line(fault.keys, fault.value),
        message=fault.message,
        remedy=fault.remedy,
        serious=fault.serious,
    )


def _identity(output: Output) -> Iterator[Fault]:
    """Check name, version and build string, which make the file's name."""
    package = ("package",)
    try:
        names.package_name(output.name)
    except names.NotAllowed as error:
        lower = output.name.lower()
        remedy = f"Write name: {lower}" if lower != output.name else ""
        yield Fault((*package, "name"), str(error), remedy, output.name)
    try:
        names.version(output.version)
    except names.NotAllowed as error:
        better = output.version.lower().replace("-", "_")
        remedy = f'A version has no dash and no capitals. Write version: "{better}"'
        yield Fault((*package, "version"), str(error), remedy, output.version)
    string = ("build", "string")
    try:
        names.build_string(output.build)
    except names.NotAllowed as error:
        better = re.sub("[^0-9A-Za-z._+]+", "_", output.build)
        yield Fault(string, str(error), f"Write string: {better}", output.build)


def _number(output: Output) -> Iterator[Fault]:
    number = output.recipe["build"].get("number", 0)
    if number:
        yield Fault(
            ("build", "number"),
            f"build.number is {number}: rootstock counts the builds of a package itself",
            "Write number: 0, or leave the line out. docs/recipes.md says how builds are counted.",
            str(number),
        )
    elif not has_place(output.build):
        yield Fault(
            ("build", "string"),
            f"the build string {output.build!r} has no place for the build number",
            "Write the number 0 between underscores or at the end, like "
            f"{output.build}_0 or h${{{{ hash }}}}_0: rootstock inserts the actual number.",
            output.build,
        )


def _alone(output: Output) -> Iterator[Fault]:
    """Check that it can be built without the recipe's other outputs."""
    if output.recipe.get("inherits_from"):
        yield Fault(
            ("inherit",),
            f"{output.name} inherits from a staging output, and each package is built alone",
            "Give each output a script of its own, or one output that the others have in host.",
        )


def _extra(output: Output) -> Iterator[Fault]:
    """Check `extra.rootstock`, the recipe's settings for rootstock."""
    extra = output.recipe.get("extra") or {}
    own = extra.get("rootstock", {})
    for key in extra:
        if key not in ("rootstock", "recipe-maintainers") and _like(key, ("rootstock",)):
            yield Fault(("extra", key), f"extra.{key} is unknown", "Write rootstock:")
    if not isinstance(own, Mapping):
        yield Fault(_OWN, "extra.rootstock is not a mapping (key: value)", _known(KEYS))
        return
    for key in own:
        if key not in KEYS:
            yield Fault((*_OWN, key), f"extra.rootstock.{key} is unknown", _better(key, KEYS))
    for key, allowed in (("origin", ORIGINS), ("scope", SCOPES)):
        value = own.get(key, allowed[0])
        if value not in allowed:
            message = f"extra.rootstock.{key} is {names.quoted(value)}, which is unknown"
            yield Fault((*_OWN, key), message, _better(value, allowed))
    verified = own.get("verified", False)
    patterns = verified if isinstance(verified, list) else [verified]
    if not isinstance(verified, bool | list) or (
        isinstance(verified, list) and not all(isinstance(one, str) for one in patterns)
    ):
        yield Fault(
            (*_OWN, "verified"),
            f"extra.rootstock.verified is {names.quoted(verified)}",
            "Write true, false, or a list of patterns of file names: [pyroot-*-py311*]",
        )
    yield from _released(own)
    audit = own.get("audit", [])
    if not isinstance(audit, list) or not all(map(_waiver, audit)):
        message = "extra.rootstock.audit is not a list of mappings with rule, file and why"
        yield Fault((*_OWN, "audit"), message, "docs/reference/recipe-fields.md describes them.")
    for key in ("origin",) if own.get("origin") == "local" else ("origin", "released"):
        if not own.get(key):
            yield Fault(_OWN, f"extra.rootstock.{key} is missing", _MISSING[key], serious=False)


def _waiver(entry: object) -> bool:
    """Whether it waives a rule of the audit for files, with a reason (`audit.waivers`)."""
    parts = entry if isinstance(entry, Mapping) else {}
    return parts.keys() == {"rule", "file", "why"} and all(
        isinstance(value, str) and value for value in parts.values()
    )


_MISSING = {
    "origin": f"Write the origin of the package: origin: {', '.join(ORIGINS)}",
    "released": 'Write the day upstream released this version: released: "2025-06-11"',
}


def _released(own: Mapping[str, Any]) -> Iterator[Fault]:
    """Check the day of the upstream release, which becomes the package's timestamp."""
    if not (message := own.get("released")):
        return
    fault = Fault(
        (*_OWN, "released"),
        f"extra.rootstock.released is {names.quoted(message)}, which is not a day from "
        f"{_FIRST_DAY} to today",
        'Write the day of the upstream release, like released: "2025-06-11"',
    )
    try:
        day = date.fromisoformat(message) if _DAY.fullmatch(str(message)) else None
    except (TypeError, ValueError):
        day = None
    if day is None or not _FIRST_DAY <= day <= date.today():
        yield fault


def _like(word: object, known: Iterable[str]) -> list[str]:
    return get_close_matches(str(word), list(known), 1)


def _known(known: Iterable[str]) -> str:
    return f"Known: {', '.join(known)}"


def _better(word: object, known: Iterable[str]) -> str:
    known = tuple(known)
    like = _like(word, known)
    return f"Write {like[0]} instead. {_known(known)}" if like else _known(known)


def _described(output: Output) -> Iterator[Fault]:
    """Check what every package should have, though it can be built without."""
    if not output.recipe.get("tests"):
        message = f"{output.name} has no tests"
        yield Fault(("tests",), message, "Add a test that shows that it works.", serious=False)
    about = output.recipe.get("about") or {}
    for key in ("license", "summary"):
        if key not in about:
            message = f"about.{key} of {output.name} is missing"
            yield Fault(("about",), message, f"Write about: {{{key}: ...}}", serious=False)


_CHECKS: tuple[Callable[[Output], Iterator[Fault]], ...] = (
    _identity,
    _number,
    _alone,
    _extra,
    input_checks.sources,
    input_checks.licenses,
    input_checks.tests,
    security.check,
    scripts.check,
    _described,
)
