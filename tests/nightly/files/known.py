"""The differences of known.toml, and what docs/readers.md says of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

import tomlkit

from . import compare
from .compare import Finding, Found
from .run import READERS

PATH = Path(__file__).with_name("known.toml")


MARK = "<!-- Made by a test: python scripts/test.py --nightly -k real_files --renew -->"


@dataclass(frozen=True)
class Known:
    """A table of known.toml: shell patterns of findings, their number, and the reason.

    A finding fits one of the patterns of each of `seen`, `files` and `columns`. Several patterns of
    `seen` are outcomes that differ from run to run; the page counts all of them as the first.
    `what` says in plain words what is seen, and `instead` what to do.
    """

    reader: str
    seen: Sequence[str]
    what: str
    why: str
    instead: str
    count: int = 0
    files: Sequence[str] = ("*",)
    columns: Sequence[str] = ("*",)

    def fits(self, one: Finding) -> bool:
        """Whether a finding is one of these."""
        fields = (one.seen, self.seen), (one.file, self.files), (one.column, self.columns)
        return one.reader == self.reader and all(
            any(fnmatchcase(field, pattern) for pattern in patterns) for field, patterns in fields
        )


def load() -> list[Known]:
    """The tables of known.toml."""
    return [Known(**table) for table in tomlkit.parse(PATH.read_text()).unwrap()["known"]]


def sort(findings: Iterable[Finding], known: Sequence[Known]) -> dict[int, list[Finding]]:
    """The findings by the index of the first table that they fit; -1 has those that fit none."""
    found: dict[int, list[Finding]] = {index: [] for index in range(-1, len(known))}
    for one in findings:
        fits = (index for index, table in enumerate(known) if table.fits(one))
        found[next(fits, -1)].append(one)
    return found


def renew(found: Mapping[int, Sequence[Finding]]) -> None:
    """Write the numbers of findings into known.toml, and nothing else."""
    document = tomlkit.parse(PATH.read_text())
    for index, table in enumerate(document["known"]):
        table["count"] = len(found[index])
    PATH.write_text(tomlkit.dumps(document))


def page(came: Found, known: Sequence[Known], found: Mapping[int, Sequence[Finding]]) -> str:
    """The tables of docs/readers.md: how much each reader reads, and the known differences."""
    every = compare.columns(came)
    others, nothing = _split(known, found)
    differ = {(one.file, one.column) for one in others}
    lines = [
        f"{len({file for file, _ in every})} of the files have trees or histograms: "
        f"{len(every)} branches and histograms in all. In {len(every) - len(differ)} of them, all "
        "readers that read them have the same values.",
        "",
        "| reader | tried | same as most readers | something else | error or crash |",
        "|---|---|---|---|---|",
    ]
    for reader, title in READERS.items():
        asked = sum(compare.reads(reader, column, came[reader]) for column in every)
        other, none = (sum(one.reader == reader for one in some) for some in (others, nothing))
        lines.append(f"| {title} | {asked} | {asked - none - other} | {other} | {none} |")
    lines += ["", "| reader | what is seen | in | why | what to do |", "|---|---|---|---|---|"]
    for index, table in enumerate(known):
        files = sorted({one.file for one in found[index]})
        where = f"{len(files)} files" if len(files) > 2 else " and ".join(files)
        where = f"{len(found[index])} in {where}"
        cells = (READERS[table.reader], table.what, where, table.why, table.instead)
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _split(
    known: Sequence[Known], found: Mapping[int, Sequence[Finding]]
) -> tuple[list[Finding], list[Finding]]:
    """The findings where a reader has something else, and those where it has nothing."""
    others: list[Finding] = []
    nothing: list[Finding] = []
    for index, some in found.items():
        for one in some:
            seen = one.seen if index < 0 else known[index].seen[0]
            (nothing if compare.refused(seen) else others).append(one)
    return others, nothing
