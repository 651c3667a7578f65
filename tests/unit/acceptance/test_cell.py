"""What a test wrote is kept while nothing of it changes, and compared each time."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from rootstock.acceptance import cell
from rootstock.acceptance.model import AcceptanceTest, Tolerance
from rootstock.acceptance.report import AcceptanceResult
from rootstock.building.artifact import Artifact
from rootstock.core.progress import Event
from rootstock.core.store import Store
from rootstock.smoke.bench import Bench
from rootstock.smoke.run import System


class Shop:
    """A cell's tests, of which each writes one number; and what was run."""

    def __init__(self, tmp: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.store = Store(tmp / "store")
        self.store.prepare()
        self.logs = tmp / "logs"
        self.ran: list[str] = []
        self.events: list[Event] = []
        self.installed = 0
        self.outcome: Any = "passed"
        artifact = Artifact(
            path=tmp / "oak-1-0.conda",
            key="k",
            name="oak",
            version="1",
            build="0",
            subdir="noarch",
            sha256="ab",
            size=1,
            seconds=1,
            scope="channel",
        )
        self.bench = Bench(
            cell="cell",
            specs=["root"],
            artifacts=[artifact],
            stage=lambda artifacts, folder: folder,
            system=System("debian-11", tmp, "digest"),
            engine=lambda: None,  # type: ignore[arg-type,return-value]
            memory=1e9,
        )
        monkeypatch.setattr(cell, "run", self._run)
        monkeypatch.setattr(Bench, "install", self._install)
        self.test = self.described(tmp / "oak")

    def described(self, folder: Path) -> AcceptanceTest:
        folder.mkdir()
        (folder / "run.py").write_text("1")
        return AcceptanceTest(
            name=folder.name, title="Rings", folder=folder, program="run.py", needs=("root",)
        )

    def _install(self, scratch: Path, prefix: Path, *rest: Any) -> None:
        prefix.mkdir()
        self.installed += 1

    def _run(self, test: AcceptanceTest, words: Any, prefix: Path, **said: Any) -> AcceptanceResult:
        self.ran.append(test.name)
        return AcceptanceResult(
            name=test.name, title=test.title, outcome=self.outcome, numbers={"rings": 12}
        )

    def accept(
        self,
        *tests: AcceptanceTest,
        bench: Bench | None = None,
        runner: str = "bin/python",
        before: float = 12,
    ) -> list[AcceptanceResult]:
        self.ran, self.installed = [], 0
        results = cell.test_cell(
            bench or self.bench,
            tests or (self.test,),
            ["root", "python"],
            runners={"run.py": (runner,)},
            before={"oak": {"rings": before}},
            release=3,
            store=self.store,
            logs=self.logs,
            listen=self.events.append,
        )
        return [*results]


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shop:
    return Shop(tmp_path, monkeypatch)


def test_what_passed_is_kept_and_no_environment_is_made_for_it(shop: Shop) -> None:
    elm = shop.described(shop.logs.parent / "elm")
    shop.accept(shop.test, elm)
    assert (shop.ran, shop.installed) == (["oak", "elm"], 1)
    again = shop.accept(shop.test, elm)
    assert (shop.ran, shop.installed) == ([], 0)
    assert [one.numbers for one in again] == [{"rings": 12}] * 2
    assert shop.events[-1].state == "kept"


def test_what_failed_is_run_again(shop: Shop) -> None:
    shop.outcome = "failed"
    shop.accept()
    shop.accept()
    assert shop.ran == ["oak"]


def test_what_is_kept_is_compared_with_what_is_shown_now(shop: Shop) -> None:
    assert [one.outcome for one in shop.accept()] == ["passed"]
    [found] = shop.accept(before=11)
    assert (found.outcome, shop.ran) == ("failed", [])
    assert [one.before for one in found.differences] == [11]
    assert shop.events[-1].state == "failed"
    # The difference was of that comparison, not of the numbers.
    assert [one.outcome for one in shop.accept()] == ["passed"]


def test_a_tolerance_is_read_anew(shop: Shop) -> None:
    shop.accept()
    test = replace(shop.test, tolerance={"rings": Tolerance(absolute=1)})
    assert [one.outcome for one in shop.accept(test, before=11)] == ["passed"]
    assert shop.ran == []


@pytest.mark.parametrize(
    "change",
    [
        lambda shop: {"bench": replace(shop.bench, specs=["root", "more"])},
        lambda shop: {"bench": replace(shop.bench, system=System("other", Path(), "other"))},
        lambda shop: {
            "bench": replace(shop.bench, artifacts=[replace(shop.bench.artifacts[0], sha256="cd")])
        },
        lambda shop: {"runner": "bin/pypy"},
    ],
    ids=["specs", "system", "package", "runner"],
)
def test_what_it_runs_with_or_on_is_other_and_it_is_run(
    shop: Shop, change: Callable[[Shop], dict[str, Any]]
) -> None:
    shop.accept()
    shop.accept(**change(shop))
    assert shop.ran == ["oak"]


def test_its_files_are_other_and_it_is_run(shop: Shop) -> None:
    shop.accept()
    (shop.test.folder / "data").write_text("2")
    shop.accept()
    assert shop.ran == ["oak"]


def test_without_a_package_it_is_not_run(shop: Shop) -> None:
    [found] = shop.accept(replace(shop.test, needs=("pandas", "root", "awkward")))
    assert (found.outcome, shop.ran) == ("not run", [])
    assert found.reason == "not in the environment: awkward, pandas"
    assert shop.events[-1].state == "skipped"
