"""A suite that passed is not run again while nothing of it changes."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from rootstock.building.artifact import Artifact
from rootstock.core.progress import silent
from rootstock.core.store import Store
from rootstock.smoke.bench import Bench
from rootstock.smoke.run import System
from rootstock.suites import cell
from rootstock.suites.results import SuiteResult
from rootstock.suites.suite import Deep, Suite

OAK = Suite(package="oak", version="1", words=("--pyargs", "oak"))
ELM = Suite(package="elm", version="2", words=("--pyargs", "elm"))


class Shop:
    """Suites that come to the state that is said of them, and what was run."""

    def __init__(self, tmp: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.store = Store(tmp / "store")
        self.store.prepare()
        self.logs = tmp / "logs"
        self.states: dict[str, Any] = {}
        self.ran: list[tuple[str, float | None]] = []
        self.installed = 0
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

    def _install(self, scratch: Path, prefix: Path, *rest: Any) -> None:
        prefix.mkdir()
        self.installed += 1

    def _run(self, suite: Suite, prefix: Path, **shown: Any) -> SuiteResult:
        self.ran.append((suite.package, shown["expected"]))
        return SuiteResult(
            package=suite.package,
            version=suite.version,
            words=suite.words,
            state=self.states.get(suite.package, "passed"),
            seconds=7.0,
            passed=3,
        )

    def prove(self, *suites: Suite, bench: Bench | None = None) -> list[str]:
        """Run the suites; the names of those that were run."""
        self.ran, self.installed = [], 0
        results = cell.test_cell(
            bench or self.bench, suites, Deep(), store=self.store, logs=self.logs, listen=silent
        )
        assert [one.package for one in results] == [one.package for one in suites]
        return [package for package, _ in self.ran]


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shop:
    return Shop(tmp_path, monkeypatch)


def test_what_passed_is_kept_and_no_environment_is_made_for_it(shop: Shop) -> None:
    assert shop.prove(OAK, ELM) == ["oak", "elm"]
    assert shop.installed == 1
    assert shop.prove(OAK, ELM) == []
    assert shop.installed == 0


@pytest.mark.parametrize("state", ["failed", "stopped"])
def test_what_did_not_pass_is_tried_again_alone(shop: Shop, state: str) -> None:
    shop.states["elm"] = state
    shop.prove(OAK, ELM)
    assert shop.prove(OAK, ELM) == ["elm"]


@pytest.mark.parametrize(
    "change",
    [
        lambda shop: (replace(OAK, words=("oak",)), shop.bench),
        lambda shop: (replace(OAK, fails={"a": "b"}), shop.bench),
        lambda shop: (OAK, replace(shop.bench, specs=["root", "more"])),
        lambda shop: (OAK, replace(shop.bench, system=System("other", Path(), "other"))),
        lambda shop: (
            OAK,
            replace(shop.bench, artifacts=[replace(shop.bench.artifacts[0], sha256="cd")]),
        ),
    ],
    ids=["words", "fails", "specs", "system", "package"],
)
def test_what_it_runs_with_or_on_is_other_and_it_is_run(
    shop: Shop, change: Callable[[Shop], tuple[Suite, Bench]]
) -> None:
    shop.prove(OAK)
    suite, bench = change(shop)
    assert shop.prove(suite, bench=bench) == ["oak"]
    assert shop.prove(OAK) == [], "the first is still known"


def test_what_one_took_is_reported_the_next_time_unless_it_was_stopped(shop: Shop) -> None:
    shop.states = {"oak": "failed", "elm": "stopped"}
    shop.prove(OAK, ELM)
    assert cell.seconds(shop.store) == {"oak": 7.0}
    shop.prove(OAK, ELM)
    assert shop.ran == [("oak", 7.0), ("elm", None)]


@pytest.mark.parametrize("text", ["", "[]", '{"oak": "long"}', '{"oak": -1}', "{" * 9])
def test_times_that_cannot_be_read_are_not_known(shop: Shop, text: str) -> None:
    shop.store.suites.parent.mkdir(exist_ok=True)
    shop.store.suites.write_text(text)
    assert cell.seconds(shop.store) == {}
