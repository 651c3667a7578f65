"""The tables of docs/readers.md: made of what the readers had, and read from the page."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

from .case import Case
from .cases import CASES
from .run import READERS, Came

BEGIN = "<!-- Made by a test: python scripts/test.py --nightly -k readers --renew -->"
END = "<!-- The end of what the test makes. -->"
TITLES = {"tree": "TTree", "ntuple": "RNTuple"}
# What Python itself has of a type of NumPy's.
BUILTIN = {"i": "int", "u": "int", "f": "float", "b": "bool", "s": "str"}
# Chapters about a reader, where the others are right.
OWN = {"uproot_pandas": "pandas", "root_numpy": "root_numpy"}

Cells = dict[tuple[str, str, str], str]  # by format, row and reader, as the page calls them


def cell(case: Case, came: Came) -> str:
    """The entry of a table: what the value is in Python, in bold type if it is not right."""
    if "fate" in came:
        return f"**{came['fate']}**"
    if "error" in came:
        return f"**{came['error']}**"
    if "absent" in came:
        return "**left out**"
    form = " or ".join(f"`{one}`" for one in came["forms"])
    if came["numbers"] != list(range(len(case.values))):
        return f"**{form}, another order**"
    found, written = (plain(case, list(values)) for values in (came["values"], case.values))
    allowed = {*case.kinds, *(BUILTIN[kind[0]] for kind in case.kinds)}
    strange = not set(came["kinds"]) <= allowed
    if same(found, written):
        return f"**{form}**" if strange else form
    if same(*([n for n in numbers(one) if n is not None] for one in (found, written))):
        return f"**{form}, another shape**"
    if same(found, [math.nan if value is None else value for value in written]):
        return f"**{form}, NaN for what is missing**"
    return f"**{form}**" if strange else f"**{form}, other values**"


def plain(case: Case, values: list[Any]) -> list[Any]:
    """Values without where members stand and how the halves of pairs are called.

    Of a class, only the members that were written: readers have those of TObject as well.
    """
    if not case.fields:
        return [untied(value) for value in values]
    written = {name for row in map(columns, case.values) if isinstance(row, dict) for name in row}
    return [
        {name: value for name, value in row.items() if value != [] and name in written}
        if isinstance(row, dict)
        else row or {}  # an empty list of classes is like empty columns
        for row in map(columns, values)
    ]


def columns(value: Any) -> Any:
    """The members of a class by their own names; those of a list of classes as lists."""
    if isinstance(value, dict):
        found: dict[str, Any] = {}
        for name, item in value.items():
            inner = columns(item)
            own = re.split(r"[./_]", name.partition("[")[0])[-1]
            found |= inner if isinstance(inner, dict) else {own: inner}
        return found
    if isinstance(value, list) and value and all(isinstance(item, dict) for item in value):
        rows = [columns(item) for item in value]
        return {name: [row.get(name) for row in rows] for name in rows[0]}
    return value


def untied(value: Any) -> Any:
    """Lists of two in the place of whatever has a first and a second."""
    if isinstance(value, list):
        return [untied(item) for item in value]
    if isinstance(value, dict):
        parts = {name.rpartition(".")[2].strip("_"): untied(part) for name, part in value.items()}
        for names in (["first", "second"], ["real", "imag"], [str(n) for n in range(len(parts))]):
            if parts and parts.keys() == set(names):
                ordered = [parts[name] for name in names]
                lists = all(isinstance(part, list) for part in ordered)
                return [list(row) for row in zip(*ordered, strict=True)] if lists else ordered
    return value


def numbers(value: Any) -> list[Any]:
    """All that is in a list, in its order."""
    return [n for item in value for n in numbers(item)] if isinstance(value, list) else [value]


def same(found: Any, written: Any) -> bool:
    """Whether two values are equal; NaN is NaN, and a number is no string."""
    if isinstance(found, dict) and isinstance(written, dict):
        return found.keys() == written.keys() and all(same(found[k], written[k]) for k in found)
    if isinstance(found, list) and isinstance(written, list):
        return len(found) == len(written) and all(map(same, found, written))
    if isinstance(found, float) and isinstance(written, float) and math.isnan(written):
        return math.isnan(found)
    return bool(found == written)


def link(heading: str) -> str:
    """The link to a chapter of the page."""
    anchor = re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")
    return f"[{heading}](#{anchor})"


def made(versions: Mapping[str, str], found: Mapping[tuple[str, str], Mapping[str, Came]]) -> str:
    """What the page has between its marks; `found` is by format and reader, then by case."""
    lines = ["Versions: " + ", ".join(f"{name} {v}" for name, v in versions.items()) + "."]
    for kind, readers in READERS.items():
        lines += ["", f"### {TITLES[kind]}", ""]
        lines += ["| written | " + " | ".join(readers.values()) + " | what to do |"]
        lines += ["|" + "---|" * (len(readers) + 2)]
        for case in CASES:
            if not getattr(case, kind):
                continue
            had = {reader: cell(case, found[kind, reader][case.name]) for reader in readers}
            advice = ", ".join(map(link, notes(case, had)))
            lines.append("| " + " | ".join((case.called(kind), *had.values(), advice)) + " |")
    return "\n".join(lines)


def notes(case: Case, had: Mapping[str, str]) -> list[str]:
    """The chapters that say what to do about a row's entries, which are given by reader."""
    wrong = {reader for reader, entry in had.items() if "**" in entry}
    chapters = list(case.notes) if wrong - OWN.keys() else []
    if had.get("uproot_pandas") == had.get("uproot_awkward"):
        wrong -= {"uproot_pandas"}
    return chapters + [chapter for reader, chapter in OWN.items() if reader in wrong]


def between(text: str, mark: str = BEGIN) -> str:
    """What a page has between its marks."""
    return text.partition(mark)[2].partition(END)[0].strip()


def put(text: str, block: str, mark: str = BEGIN) -> str:
    """The page with other tables between its marks."""
    before, begin, rest = text.partition(mark)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError("docs/readers.md has lost the marks of its tables")
    return f"{before}{begin}\n\n{block}\n\n{end}{after}"


def cells(block: str) -> Cells:
    """The entries of the tables, with the last column's."""
    found: Cells = {}
    kind, heads = "", list[str]()
    for line in block.splitlines():
        if line.startswith("### "):
            kind, heads = line[4:], []
        elif line.startswith("| "):
            words = [word.strip() for word in line.strip().strip("|").split("|")]
            if not heads:
                heads = words
            else:
                found |= {(kind, words[0], h): w for h, w in zip(heads[1:], words[1:], strict=True)}
    return found
