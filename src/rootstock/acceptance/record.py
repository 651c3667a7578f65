"""The file of a release with the numbers of a cell: `CELL.acceptance.json`."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from rootstock.acceptance import numbers
from rootstock.acceptance.compare import ChangedNumber
from rootstock.acceptance.numbers import Number
from rootstock.acceptance.report import AcceptanceReport
from rootstock.core import names, shape
from rootstock.core.shape import fields, items, made, mapping

KIND = "acceptance"  # of the file, among those of a cell
FORMAT = 1


@dataclass(frozen=True, kw_only=True)
class PassedTest:
    """A test that passed: its title, a sha256 over its files, and the numbers it wrote.

    `accepted` are those that differ from the release before, each with the reason.
    """

    title: str
    sha256: str
    numbers: Mapping[str, Number]
    accepted: tuple[ChangedNumber, ...]


@dataclass(frozen=True, kw_only=True)
class Record:
    """The acceptance tests of a cell, by name; `not_run` has the reason for each of the others.

    `compared_with` is the release that they were compared with, 0 if there was none.
    """

    cell: str
    compared_with: int
    tests: Mapping[str, PassedTest]
    not_run: Mapping[str, str]

    @staticmethod
    def of(report: AcceptanceReport) -> "Record":
        """Return the record of a report in which no test failed."""
        return Record(
            cell=report.cell,
            compared_with=report.release,
            tests={
                one.name: PassedTest(
                    title=one.title,
                    sha256=one.sha256,
                    numbers=one.numbers,
                    accepted=one.differences,
                )
                for one in report.tests
                if one.outcome == "passed"
            },
            not_run={one.name: one.reason for one in report.tests if one.outcome == "not run"},
        )

    def text(self) -> str:
        """The text of the file."""
        return json.dumps({"format": FORMAT, **asdict(self)}, indent=1, sort_keys=True) + "\n"


def parse(text: str | bytes) -> Record:
    """Parse the file; raises `ValueError` when it is no such record."""
    value = shape.document(text)
    shape.require_format(value, FORMAT)
    known: dict[str, Any] = _RECORD(value)
    del known["format"]
    return Record(**known)


def _number_or_none(value: object) -> Number | None:
    return None if value is None else numbers.number(value)


_DIFFERENCE = fields(
    number=numbers.name,
    before=numbers.number,
    now=_number_or_none,
    allowed=numbers.number,
    why=names.line,
)
_TESTED = fields(
    title=names.line,
    sha256=names.sha256,
    numbers=mapping(numbers.name, numbers.number),
    accepted=items(made(ChangedNumber, _DIFFERENCE)),
)
_RECORD = fields(
    format=shape.count,
    cell=names.cell,
    compared_with=shape.count,
    tests=mapping(names.cell, made(PassedTest, _TESTED)),
    not_run=mapping(names.cell, names.line),
)
