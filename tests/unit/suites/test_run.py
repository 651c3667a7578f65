"""A suite in its sandbox, with nothing run."""

import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from rootstock.core import process
from rootstock.core.process import Completed
from rootstock.core.progress import Event
from rootstock.core.store import Store
from rootstock.image.engines import Sandbox
from rootstock.smoke.run import System
from rootstock.suites import run as running
from rootstock.suites.results import SuiteResult
from rootstock.suites.suite import Suite

SUITE = Suite(package="oak", version="1.2", words=("--pyargs", "oak", "-m", "not slow"))


class Stage:
    """The suite on a machine of no substance: `script` is what it does in its folder."""

    name, remedy = "recorder", ""

    def __init__(self, tmp: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.store = Store(tmp / "store")
        self.store.prepare()
        self.logs = tmp
        self.events: list[Event] = []
        self.sandboxes: list[Sandbox] = []
        self.script: Callable[[Path, Callable[[], object]], Completed] = _well
        self.asked: dict[str, Any] = {}
        monkeypatch.setattr(process, "run", self._run)

    def probe(self) -> list[str]:
        return []

    def prepare(self, root: Path) -> None:
        pass

    def command(self, sandbox: Sandbox, argv: Sequence[str]) -> list[str]:
        self.sandboxes.append(sandbox)
        return list(argv)

    def _run(self, argv: Sequence[str], *, look: Callable[[], object], **asked: Any) -> Completed:
        self.asked = {"argv": argv, **asked}
        return self.script(self.sandboxes[-1].mounts[-1].source, look)

    def run(self) -> SuiteResult:
        return running.run(
            SUITE,
            self.logs / "env",
            label="cell: oak",
            limit=60,
            memory=5e9,
            expected=12,
            system=System("debian-11", Path("/image"), "digest"),
            engine=self,
            store=self.store,
            logs=self.logs,
            listen=self.events.append,
        )


def _write(out: Path, *values: list[Any]) -> None:
    with (out / "results").open("a") as file:
        file.writelines(json.dumps(value) + "\n" for value in values)


def _well(out: Path, look: Callable[[], object]) -> Completed:
    look()  # before there is anything
    _write(out, ["found", 2, 0], ["end", "a", "passed", ""])
    look()
    _write(out, ["end", "b", "passed", ""], ["over", 0])
    return Completed(code=0, output="", seconds=3.21)


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stage:
    return Stage(tmp_path, monkeypatch)


def test_it_runs_in_the_sandbox_with_its_words_and_limits(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "_AGAIN", 0.0)
    found = stage.run()
    assert (found.state, found.passed, found.seconds) == ("passed", 2, 3.2)
    assert stage.asked["argv"][-4:] == [*SUITE.words]
    assert (stage.asked["timeout"], stage.asked["memory"]) == (60, 5e9)
    [sandbox] = stage.sandboxes
    assert [mount.writable for mount in sandbox.mounts] == [False, False, True]
    assert sandbox.mounts[0].source == stage.logs / "env"
    assert not sandbox.mounts[-1].source.exists(), "what it wrote goes when it has ended"
    assert [event.state for event in stage.events] == ["start", "progress", "progress", "done"]
    assert (stage.events[2].done, stage.events[2].total) == (1, 2)
    assert stage.events[0].expected == 12


def test_a_suite_that_is_stopped_has_what_passed_until_then(stage: Stage) -> None:
    def stopped(out: Path, look: Callable[[], object]) -> Completed:
        _write(out, ["found", 9, 0], ["end", "a", "passed", ""], ["begin", "slow"])
        with (out / "results").open("a") as file:
            file.write('["end", "slo')  # it was killed while it wrote
        return Completed(code=-9, output="", seconds=60, over="time")

    stage.script = stopped
    found = stage.run()
    assert (found.state, found.found, found.passed) == ("stopped", 9, 1)
    assert found.reason.endswith("in slow")
    assert stage.events[-1].state == "failed"


def _link(out: Path) -> None:
    (out / "other").write_text('["over", 0]\n')
    (out / "results").symlink_to(out / "other")


def _pipe(out: Path) -> None:
    os.mkfifo(out / "results")


def _folder(out: Path) -> None:
    (out / "results").mkdir()


def _noise(out: Path) -> None:
    (out / "results").write_text("hello\n")


@pytest.mark.parametrize("leave", [_link, _pipe, _folder, _noise])
def test_results_that_are_none_fail_it_and_are_not_followed(
    stage: Stage, leave: Callable[[Path], None]
) -> None:
    def script(out: Path, look: Callable[[], object]) -> Completed:
        leave(out)
        look()
        return Completed(code=0, output="", seconds=1)

    stage.script = script
    found = stage.run()
    assert found.state == "failed"
    assert "results" in found.reason


def test_results_without_end_are_not_read_to_it(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "_MOST", 40)
    stage.script = _well
    found = stage.run()
    assert (found.state, found.reason) == ("failed", "its results are too long")
