import errno
import io
import sys
from pathlib import Path

import pytest

from rootstock.core import streams


@pytest.fixture(autouse=True)
def nothing_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "_lost", [])


class Broken(io.StringIO):
    def __init__(self, number: int) -> None:
        super().__init__()
        self._number = number

    def write(self, text: str) -> int:
        raise OSError(self._number, "broken")


@pytest.mark.parametrize(
    ("argv", "asks"),
    [
        (["rootstock", "build", "--json"], True),
        (["rootstock", "--json"], True),
        (["rootstock", "env", "--", "--json"], False),
        (["--json"], False),
        ([], False),
    ],
)
def test_who_asks_for_json(argv: list[str], asks: bool) -> None:
    assert streams.wants_json(argv) is asks


def test_what_people_are_reported_may_be_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    assert streams.flush() is None
    streams.show("text", Broken(errno.ENOSPC))
    lost = streams.flush()
    assert lost and lost.errno == errno.ENOSPC


def test_nobody_who_reads_on_is_reported_apart() -> None:
    with pytest.raises(BrokenPipeError):
        streams.show("text", Broken(errno.EPIPE))


def test_every_character_can_be_written(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("out", "err"):
        stream = (tmp_path / name).open("w", encoding="ascii")
        monkeypatch.setattr(sys, f"std{name}", stream)
    streams.ready()
    print("größe\udcff", flush=True)
    print("größe", file=sys.stderr, flush=True)
    assert (tmp_path / "out").read_text() == "gr\\xf6\\xdfe\\udcff\n"
    assert (tmp_path / "err").read_text() == "gr\\xf6\\xdfe\n"
