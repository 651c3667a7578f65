import errno
import io
import json
import stat
import sys
from pathlib import Path

import pytest
import typer

from rootstock.cli import common, ending
from rootstock.core.errors import (
    InterruptedByUser,
    MachineError,
    NoSpace,
    RefusedError,
    RootstockError,
    UsageError,
)


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ROOTSTOCK_HOME", str(tmp_path / "store"))
    monkeypatch.setattr(common, "_answer", {})
    monkeypatch.setattr(common, "_printed", False)


class Panic(BaseException):
    """As py-rattler's, which is no `Exception`."""


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (RefusedError("no"), RefusedError),
        (KeyboardInterrupt(), InterruptedByUser),
        (typer.Abort(), InterruptedByUser),
        (typer.BadParameter("no number"), UsageError),
        (OSError(errno.ENOSPC, "full"), NoSpace),
        (OSError(errno.EFBIG, "too large"), MachineError),
        (OSError(errno.EIO, "the disk is broken"), MachineError),
        (MemoryError(), MachineError),
        (RecursionError("too deep"), RootstockError),
        (KeyError("x"), RootstockError),
        (Panic("a thread panicked"), RootstockError),
    ],
)
def test_whatever_it_is_has_a_code(error: BaseException, kind: type[RootstockError]) -> None:
    failed = ending.failure(error)
    assert type(failed) is kind
    assert failed.message


@pytest.mark.parametrize("error", [KeyError("x"), OSError(errno.EIO, "odd"), Panic("p")])
def test_what_nobody_expects_leaves_its_trace_in_a_file(
    error: BaseException, tmp_path: Path
) -> None:
    try:
        raise error
    except BaseException as raised:
        failed = ending.failure(raised)
    [log] = (tmp_path / "store/runs").iterdir()
    assert str(log) in failed.remedy
    assert "Traceback" not in failed.message + failed.remedy
    assert "Traceback" in log.read_text()
    assert stat.S_IMODE(log.stat().st_mode) == 0o600


@pytest.mark.parametrize("home", ["/proc/x", "~no-such-user/store"])
def test_the_trace_is_kept_where_the_store_cannot_be_written(
    home: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("ROOTSTOCK_HOME", home)
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path))
    failed = ending.failure(KeyError("x"))
    [log] = tmp_path.glob("error-*.log")
    assert str(log) in failed.remedy
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path / "none"))
    assert "could not be written anywhere" in ending.failure(KeyError("x")).remedy


def test_a_failure_has_its_object(capsys: pytest.CaptureFixture[str]) -> None:
    assert ending.finish(RefusedError("no", "try later"), as_json=True) == 5
    shown, said = capsys.readouterr()
    assert json.loads(shown) == {"error": "no", "remedy": "try later", "code": 5}
    assert said == "error: no\n  try later\n"


def test_what_was_found_stays_in_the_object_of_a_failure(
    capsys: pytest.CaptureFixture[str],
) -> None:
    common.print_json({"packages": [Path("a")]})
    assert ending.finish(RootstockError("differs"), as_json=True) == 1
    shown = json.loads(capsys.readouterr().out)
    assert shown == {"packages": ["a"], "error": "differs", "remedy": "", "code": 1}


def test_a_success_has_what_the_command_says(capsys: pytest.CaptureFixture[str]) -> None:
    assert ending.finish(None, as_json=True) == 0
    assert capsys.readouterr().out == ""
    common.print_json({"one": 1})
    assert ending.finish(None, as_json=True) == 0
    assert json.loads(capsys.readouterr().out) == {"one": 1}


def test_one_object_is_printed_and_no_second(capsys: pytest.CaptureFixture[str]) -> None:
    common.print_json_line({"port": 1})
    assert ending.finish(RootstockError("died"), as_json=True) == 1
    assert capsys.readouterr().out == '{"port": 1}\n'


class Full(io.StringIO):
    def write(self, text: str) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")


def test_an_answer_that_cannot_be_written_is_the_machines_failure(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdout", Full())
    common.print_json({"one": 1})
    assert ending.finish(None, as_json=True) == 4
    assert "standard output cannot be written" in capsys.readouterr().err
    assert ending.finish(RefusedError("no"), as_json=True) == 5


def test_lost_words_are_reported_by_the_exit_code(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rootstock.core.streams._lost", [])
    monkeypatch.setattr(sys, "stderr", Full())
    assert ending.finish(RefusedError("no"), as_json=False) == 5
    assert ending.finish(None, as_json=False) == 4


def test_a_folder_that_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    def getcwd() -> str:
        raise FileNotFoundError(errno.ENOENT, "No such file or directory")

    monkeypatch.setattr("os.getcwd", getcwd)
    with pytest.raises(UsageError, match="current folder was deleted"):
        ending.require_folder()
    assert ending.failure(FileNotFoundError(errno.ENOENT, "no")).code == 2
