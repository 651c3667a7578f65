"""Keeps which system passed the smoke tests when: a file of results, and a table for pages."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from rootstock.core import names, shape
from rootstock.core.errors import UsageError
from rootstock.run.record import RunRecord
from rootstock.smoke.systems import SystemEntry

FORMAT = 1


@dataclass(frozen=True, kw_only=True)
class Tested:
    """The smoke tests of a cell on a system: how many checks ended how, and on which day (UTC).

    `axes` are the values of the cell, such as the version of ROOT, by their names. A result that
    the store had counts as of the day of the run: nothing that it depends on had changed.
    """

    system: str
    glibc: str
    cell: str
    axes: Mapping[str, str]
    date: str
    passed: int
    failed: int
    not_run: int

    @property
    def result(self) -> str:
        """The result in words."""
        parts = {"passed": self.passed, "failed": self.failed, "not run": self.not_run}
        return ", ".join(f"{count} {how}" for how, count in parts.items() if count)


_FIELDS = shape.fields(
    system=names.line,
    glibc=names.line,
    cell=names.cell,
    axes=shape.mapping(names.line, names.line),
    date=names.line,
    passed=shape.count,
    failed=shape.count,
    not_run=shape.count,
)
_FILE = shape.fields(format=shape.count, tested=shape.items(shape.made(Tested, _FIELDS)))


def results(record: RunRecord) -> list[Tested]:
    """Return what the smoke tests of a run found."""
    axes = {cell.id: cell.axes for cell in record.cells}
    found = []
    for report in record.smoke:
        outcomes = [check["outcome"] for check in report["checks"]]
        found.append(
            Tested(
                system=report["system"],
                glibc=report["glibc"],
                cell=report["cell"],
                axes=axes[report["cell"]],
                date=record.started[:10],
                passed=outcomes.count("passed"),
                failed=outcomes.count("failed"),
                not_run=outcomes.count("not run"),
            )
        )
    return found


def read(path: Path) -> tuple[Tested, ...]:
    """Read a file of results; a missing one has none. Raises `UsageError` for another file."""
    try:
        document = shape.document(path.read_bytes())
        shape.require_format(document, FORMAT)
        tested: tuple[Tested, ...] = _FILE(document)["tested"]
    except FileNotFoundError:
        return ()
    except (OSError, ValueError) as error:
        raise UsageError(f"{path}: not a file of test results: {error}") from error
    return tested


def write(new: Iterable[Tested], path: Path) -> None:
    """Add results to a file, in the place of those for the same cell and system.

    Raises as `read` does, and `OSError` when it cannot be written.
    """
    kept = {(one.cell, one.system): one for one in (*read(path), *new)}
    tested = [asdict(kept[key]) for key in sorted(kept)]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"format": FORMAT, "tested": tested}, indent=1) + "\n")


def never_run(tested: Iterable[Tested], systems: Sequence[SystemEntry]) -> list[SystemEntry]:
    """Return the systems without a result."""
    run = {one.system for one in tested}
    return [system for system in systems if system.name not in run]


def as_markdown(tested: Sequence[Tested], systems: Sequence[SystemEntry]) -> str:
    """Return a table of the results, in the order of the systems."""
    order = {system.name: number for number, system in enumerate(systems)}
    rows = [
        f"| {one.system} | {one.glibc} | {one.cell} | {one.result} | {one.date} |"
        for one in sorted(tested, key=lambda one: (order.get(one.system, len(order)), one.cell))
    ]
    return "\n".join(
        ["| system | glibc | cell | smoke tests | on |", "|---|---|---|---|---|", *rows]
    )
