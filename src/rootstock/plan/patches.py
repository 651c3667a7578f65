"""Patches: reads the header of a recipe's patch, above its first change.

The header has fields as in DEP-3 (Debian's patch tagging guidelines) or as git writes them:

    Description: What it does, in one line
     More about it, in lines that begin with a blank.
    Bug: https://github.com/OWNER/PROJECT/issues/1
    Forwarded: https://github.com/OWNER/PROJECT/pull/2
    Test: the file, in the recipe's folder or the checkout, of a test that fails without it
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from rootstock.plan.fault import Fault

ENDINGS = (".patch", ".diff")
_FIELD = re.compile(r"([A-Za-z][A-Za-z-]*):[ \t]*(.*)")
_CHANGE = re.compile(r"^(?:--- .*\n\+\+\+ |diff |Index: |@@ )", re.MULTILINE)
_TITLES = ("Description", "Subject", "Title")
# Where upstream discusses the patch; the first one that is an address is the best.
_REFERENCES = ("Applied-Upstream", "Forwarded", "Bug", "Upstream", "Origin")
_WORDS = {"no": "not forwarded", "not-needed": "not for upstream", "vendor": "not forwarded"}
_ADDRESS = re.compile(r"https?://\S+")
_GIT = re.compile(r"^\[PATCH[^\]]*\]\s*")
_REMEDY = "Write a header above the first change: docs/recipes.md has one."


@dataclass(frozen=True, kw_only=True)
class Patch:
    """A patch: its file, its purpose in a line, its address upstream, and its test.

    A field that the header lacks is empty.
    """

    path: Path
    title: str
    reference: str
    test: str


def of(folder: Path) -> list[Patch]:
    """The patches in the folder of a recipe."""
    files = (path for path in folder.rglob("*") if path.suffix in ENDINGS and path.is_file())
    return [read(path) for path in sorted(files)]


def read(path: Path) -> Patch:
    """Read the header of a patch; a header has no bytes that are not UTF-8."""
    fields = _fields(header(path.read_bytes().decode(errors="replace")))
    titles = [fields[name] for name in _TITLES if fields.get(name)]
    references = [fields[name] for name in _REFERENCES if fields.get(name)]
    references += [value for name, value in fields.items() if name.startswith("Bug-")]
    addresses = [found[0] for value in references if (found := _ADDRESS.search(value))]
    reference = (addresses or references or [""])[0]
    return Patch(
        path=path,
        title=_GIT.sub("", titles[0]) if titles else "",
        reference=_WORDS.get(reference.partition(",")[0], reference),
        test=fields.get("Test", ""),
    )


def header(text: str) -> str:
    """Return what is above the first change of a patch."""
    change = _CHANGE.search(text)
    return text[: change.start()] if change else text


def _fields(header: str) -> Mapping[str, str]:
    """Return the first line of each header field, the first of a name; skip lines of prose."""
    fields: dict[str, str] = {}
    for line in header.splitlines():
        if found := _FIELD.match(line):
            fields.setdefault(found[1].title(), found[2].strip())
    return fields


def check(patch: Patch, folder: Path, checkout: Path) -> Iterator[Fault]:
    """Yield a warning for each field that a patch's header lacks."""
    lacks = {
        "Description": patch.title,
        "Bug or Forwarded": patch.reference,
        "Test": patch.test,
    }
    if missing := [name for name, value in lacks.items() if not value]:
        message = f"its header lacks {', '.join(missing)}"
        yield Fault((), message, _REMEDY, serious=False)
    file = patch.test.partition("::")[0]
    if file and not any((place / file).is_file() for place in (folder, checkout)):
        message = f"its test, {file}, is neither in the recipe's folder nor in the checkout"
        yield Fault((), message, "Correct the field Test.", serious=False)
