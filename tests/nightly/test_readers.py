"""The tables of docs/readers.md: what each reader has of each type, against what was written."""

import re
from pathlib import Path

import pytest

from .conftest import CHECKOUT
from .reading import page, run
from .reading.case import Case
from .reading.cases import CASES

pytestmark = pytest.mark.nightly

PAGE = CHECKOUT / "docs/readers.md"
RENEW = "renew the page: python scripts/test.py --nightly -k readers --renew"
COLUMNS = [(kind, reader) for kind, readers in run.READERS.items() for reader in readers]
NUMBER = Case("n", "n", [1, 2], ["int32"])


@pytest.fixture(scope="module")
def versions(analysis: Path) -> dict[str, str]:
    """What the environment has of the readers."""
    return run.versions(analysis / "bin/python")


@pytest.fixture(scope="module")
def found(
    analysis: Path,
    versions: dict[str, str],
    tmp_path_factory: pytest.TempPathFactory,
    request: pytest.FixtureRequest,
) -> page.Cells:
    """The entries as they are now; `--renew` writes them into the page."""
    python = analysis / "bin/python"
    plan = run.write(python, tmp_path_factory.mktemp("readers"))
    came = {(kind, reader): run.read(python, plan, kind, reader) for kind, reader in COLUMNS}
    if request.config.getoption("renew", default=False):
        text = page.put(PAGE.read_text(), page.made(versions, came))
        PAGE.write_text(text)
    return {
        (page.TITLES[kind], case.called(kind), run.READERS[kind][reader]): page.cell(
            case, rows[case.name]
        )
        for (kind, reader), rows in came.items()
        for case in CASES
        if getattr(case, kind)
    }


@pytest.mark.parametrize(("kind", "reader"), COLUMNS)
def test_readers(found: page.Cells, kind: str, reader: str) -> None:
    title, head = page.TITLES[kind], run.READERS[kind][reader]
    now = {key[1]: value for key, value in found.items() if key[::2] == (title, head)}
    table = page.cells(page.between(PAGE.read_text()))
    said = {key[1]: value for key, value in table.items() if key[::2] == (title, head)}
    changed = [
        f"{row}: the page has {said.get(row, 'nothing')}, {head} now {now.get(row, 'nothing')}"
        for row in dict.fromkeys((*now, *said))
        if now.get(row) != said.get(row)
    ]
    assert not changed, "\n".join([f"{title}, {RENEW}", *changed])


def test_readers_versions(versions: dict[str, str], found: page.Cells) -> None:
    said = page.between(PAGE.read_text()).splitlines()[0]
    assert [v for v in versions.items() if "{} {}".format(*v) not in said] == [], RENEW


def test_readers_that_differ_have_advice() -> None:
    """A row with an entry in bold type leads to a chapter, and every chapter is led to."""
    text = PAGE.read_text()
    rows: dict[tuple[str, str], list[str]] = {}
    for (kind, row, head), value in page.cells(page.between(text)).items():
        rows.setdefault((kind, row), []).append(value)
        assert head or value
    assert len(rows) == sum(bool(case.tree) + bool(case.ntuple) for case in CASES)
    bad = [key for key, row in rows.items() if ("**" in "".join(row)) != bool(row[-1])]
    assert bad == []
    linked = {note for case in CASES for note in case.notes} | set(page.OWN.values())
    headings = set(re.findall(r"^### (.*)$", text, re.MULTILINE)) - set(page.TITLES.values())
    assert linked == headings


@pytest.mark.parametrize(
    ("values", "kind", "said"),
    [
        ([1, 2], "int32", "`int32`"),
        ([1, 2], "int", "`int`"),
        ([1, 2], "int64", "**`int64`**"),
        ([1, 3], "int32", "**`int32`, other values**"),
        ([[1], [2]], "int32", "**`int32`, another shape**"),
        (["1", "2"], "str", "**`str`**"),
    ],
)
def test_readers_are_compared(values: list[object], kind: str, said: str) -> None:
    came = {"values": values, "kinds": [kind], "forms": [kind], "numbers": [0, 1]}
    assert page.cell(NUMBER, came) == said


def test_readers_in_another_order() -> None:
    came = {"values": [2, 1], "kinds": ["int32"], "forms": ["int32"], "numbers": [1, 0]}
    assert page.cell(NUMBER, came) == "**`int32`, another order**"


# read.py with a reader that ends the interpreter at one case, and has nothing of the others.
ENDS = """
import os, signal, sys
sys.path.insert(0, {folder!r})
import read

def ends(path, case, plain):
    if case["name"] == "bool":
        os.kill(os.getpid(), signal.SIGKILL)
    raise read.Absent

read.READERS["uproot_awkward"] = ends
read.main()
"""


def test_readers_that_end_the_interpreter_hide_no_other_type(
    analysis: Path, tmp_path: Path
) -> None:
    program, python, plan = (tmp_path / name for name in ("ends.py", "python", "cases.json"))
    program.write_text(ENDS.format(folder=str(run.HERE)))
    python.write_text(f'#!/bin/sh\nshift 2\nexec {analysis}/bin/python -I {program} "$@"\n')
    python.chmod(0o755)
    run.put(plan)
    found = run.read(python, plan, "ntuple", "uproot_awkward")
    entries = {c.name: page.cell(c, found[c.name]) for c in CASES if c.ntuple}
    assert entries.pop("bool") == "**crashes**"
    assert set(entries.values()) == {"**left out**"}
