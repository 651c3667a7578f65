"""The stage, with nothing installed and nothing run."""

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from rootstock.core import process
from rootstock.core.errors import InterruptedByUser, MachineError
from rootstock.core.process import Completed
from rootstock.core.progress import Event
from rootstock.core.store import Store
from rootstock.environment import creation
from rootstock.image.engines import Sandbox
from rootstock.product.root import PRODUCT
from rootstock.smoke import run
from rootstock.smoke.choose import FOLDER, INSIDE
from rootstock.smoke.report import SmokeReport

DEBIAN = "GNU C Library (Debian GLIBC 2.31-13+deb11u11) stable release version 2.31.\nCopyright"
RED_HAT = "GNU C Library (GNU libc) stable release version 2.17, by Roland McGrath et al."


class Recorder:
    """An engine that keeps the sandboxes it was asked for."""

    name = "recorder"
    remedy = ""

    def __init__(self) -> None:
        self.sandboxes: list[Sandbox] = []

    def probe(self) -> list[str]:
        return []

    def prepare(self, root: Path) -> None:
        pass

    def command(self, sandbox: Sandbox, argv: Sequence[str]) -> list[str]:
        self.sandboxes.append(sandbox)
        return list(argv)


class Stage:
    """The stage on a machine of no substance."""

    def __init__(self, tmp: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.store = Store(tmp / "store")
        self.store.prepare()
        self.logs = tmp / "logs"
        self.engine = Recorder()
        self.events: list[Event] = []
        self.created: dict[str, Any] = {}
        self.packages = ["python", "pyroot", "root-core", "root", "numpy"]
        self.libc = DEBIAN
        self.codes: dict[str, str] = {}
        self.writes: dict[str, str] = {}
        monkeypatch.setattr(process, "run", self._run)
        monkeypatch.setattr(process, "follow", self._follow)
        monkeypatch.setattr(creation, "create", self._create)

    def _create(self, prefix: Path, specs: Sequence[str], channel: Path, **options: Any) -> Any:
        prefix.mkdir()
        self.created = {"prefix": prefix, "specs": specs, "channel": channel, **options}
        return creation.Environment(
            prefix=prefix,
            packages=tuple(
                creation.Installed(name=name, version="1", build="0", sha256="", size=1)
                for name in self.packages
            ),
            solve_seconds=0,
            install_seconds=0,
            compile_seconds=0,
            size=5,
        )

    def _run(self, argv: Sequence[str], *, timeout: float) -> Completed:
        return Completed(code=0, output=self.libc, seconds=0)

    def _follow(
        self, argv: Sequence[str], say: Callable[[str], None], *, timeout: float
    ) -> Completed:
        _, isolated, program, at_once, *words = argv
        assert (isolated, Path(program).name) == ("-I", INSIDE)
        assert int(at_once) <= 2
        out = self.engine.sandboxes[-1].mounts[-1].source
        for word in words:
            name, seconds, _ = word.split(",")
            assert 0 < float(seconds) < timeout
            code = self.codes.get(name, "0")
            if code == "interrupted":
                raise InterruptedByUser("interrupted")
            if code == "crash":
                say("*** Break *** segmentation violation")
                return Completed(code=-11, output="", seconds=1)
            (out / f"{name}.log").write_text(self.writes.get(name, ""))
            say(f"{name} {code} 1.23")
        return Completed(code=0, output="", seconds=1)

    def smoke(self) -> SmokeReport:
        return run.smoke(
            "root6.40.00-cp311",
            ["root"],
            Path("/channel"),
            product=PRODUCT,
            system=run.System("debian-11", Path("/image"), "digest"),
            engine=self.engine,
            store=self.store,
            logs=self.logs,
            listen=self.events.append,
        )


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stage:
    return Stage(tmp_path, monkeypatch)


@pytest.mark.parametrize(("libc", "version"), [(DEBIAN, "2.31"), (RED_HAT, "2.17")])
def test_glibc_is_the_system_s_and_solved_for(stage: Stage, libc: str, version: str) -> None:
    stage.libc = libc
    assert stage.smoke().glibc == version
    assert stage.created["glibc"] == version
    assert stage.created["cache"] == stage.store.packages


def test_a_system_that_does_not_run_is_the_machine_s_failure(stage: Stage) -> None:
    stage.libc = "bwrap: setting up uid map: Permission denied"
    with pytest.raises(
        MachineError, match=re.escape("debian-11 does not run with recorder: bwrap")
    ):
        stage.smoke()
    assert not stage.created


def test_all_pass(stage: Stage) -> None:
    report = stage.smoke()
    assert report.passed
    assert [check.name for check in report.checks] == [check.name for check in PRODUCT.checks]
    assert [package.name for package in report.packages] == stage.packages
    assert stage.events[-1].state == "done"
    assert not list((stage.store.root / "tmp").iterdir())


def test_sandbox_is_moved_read_only_and_not_activated(stage: Stage) -> None:
    stage.smoke()
    _, sandbox = stage.engine.sandboxes
    env, checks, out = sandbox.mounts
    assert (env.target, env.writable) == ("/rootstock/env", False)
    assert str(env.source) != env.target
    assert (checks.source, checks.writable) == (FOLDER, False)
    assert (out.target, out.writable) == ("/rootstock/out", True)
    assert sandbox.env == {"PATH": "/usr/bin:/bin"}


def test_failures_are_reported(stage: Stage) -> None:
    stage.codes = {"ttree": "1", "tls": "over", "headers": "-6"}
    stage.writes = {"ttree": "AssertionError: 3\n", "roofit": "Warning in <x>\n"}
    report = stage.smoke()
    reasons = {check.name: check.reason for check in report.failed}
    assert reasons == {
        "ttree": "exit code 1",
        "roofit": "it wrote something, but must be silent",
        "tls": "it exceeded its time limit",
        "headers": "it was killed by signal 6",
    }
    failed = next(check for check in report.failed if check.name == "ttree")
    assert (failed.tail, failed.seconds) == (("AssertionError: 3",), 1.23)
    assert Path(failed.log).read_text() == "AssertionError: 3\n"
    assert stage.events[-1].state == "failed"
    said = {event.item: event.detail for event in stage.events if event.state == "failed"}
    assert said["root6.40.00-cp311 on debian-11: ttree"] == "exit code 1"


def test_what_did_not_end_has_not_passed(stage: Stage) -> None:
    stage.codes = {"roofit": "crash"}
    report = stage.smoke()
    names = [check.name for check in PRODUCT.checks]
    assert [check.name for check in report.failed] == names[names.index("roofit") :]
    [reason] = {check.reason for check in report.failed}
    assert reason.endswith("it was killed by signal 11")
    [log] = {check.log for check in report.failed}
    assert "segmentation violation" in Path(log).read_text()


def test_an_old_log_does_not_fail_a_new_run(stage: Stage) -> None:
    stage.writes = {"tls": "noise"}
    assert not stage.smoke().passed
    stage.writes = {}
    assert stage.smoke().passed


def test_what_does_not_apply_is_not_run(stage: Stage) -> None:
    stage.packages = ["python"]
    report = stage.smoke()
    outcomes = {check.name: check.outcome for check in report.checks}
    assert outcomes["tls"] == "passed"
    assert outcomes["ttree"] == "not run"
    assert not (stage.logs / "ttree.log").exists()
    assert report.passed


def test_an_environment_without_anything_to_check_has_not_passed(stage: Stage) -> None:
    stage.packages = ["zlib"]
    assert not stage.smoke().passed
    assert stage.events[-1].state == "failed"


def test_interruption_ends_it_and_leaves_nothing(stage: Stage) -> None:
    stage.codes = {"headers": "interrupted"}
    with pytest.raises(InterruptedByUser):
        stage.smoke()
    assert not list((stage.store.root / "tmp").iterdir())
