from dataclasses import replace

import pytest

from rootstock.acceptance import record
from rootstock.acceptance.compare import ChangedNumber
from rootstock.acceptance.record import Record
from rootstock.acceptance.report import AcceptanceReport, AcceptanceResult
from rootstock.core.shape import OtherFormat

ACCEPTED = ChangedNumber(number="rings", before=12, now=13, allowed=0.5, why="A year")
OAK = AcceptanceResult(
    name="oak",
    title="Rings",
    outcome="passed",
    sha256="ab" * 32,
    numbers={"rings": 13, "age": 0.1},
    differences=(ACCEPTED,),
)
ELM = AcceptanceResult(name="elm", title="Leaves", outcome="not run", reason="not there")
REPORT = AcceptanceReport(cell="cell", system="Debian 11", release=3, tests=(OAK, ELM))


def test_what_is_written_is_read_again() -> None:
    made = Record.of(REPORT)
    assert record.parse(made.text()) == made
    assert made.tests["oak"].numbers == {"rings": 13, "age": 0.1}
    assert made.tests["oak"].accepted == (ACCEPTED,)
    assert made.not_run == {"elm": "not there"}
    assert made.compared_with == 3


def test_a_later_format_is_reported() -> None:
    text = Record.of(REPORT).text().replace('"format": 1', '"format": 2')
    with pytest.raises(OtherFormat):
        record.parse(text)


def test_a_number_that_is_none_is_refused() -> None:
    made = Record.of(replace(REPORT, tests=(OAK,)))
    with pytest.raises(ValueError, match="is not a finite number"):
        record.parse(made.text().replace("0.1", '"0.1"'))
