import io
import os
import sys
from typing import Any

import pytest

from rootstock.serve.lines import Lines


def test_lines_are_written_in_order_and_move_no_cursor(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    lines = Lines()
    for number in range(3):
        lines.write(f"{number} \x1b[2J ü \n")
    lines.close()
    assert stream.getvalue() == "".join(f"{n} \\x1b[2J \\xfc \\n\n" for n in range(3))


@pytest.mark.parametrize("kind", ["none", "closed", "full"])
def test_a_stream_that_takes_nothing(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    stream: Any = None if kind == "none" else open("/dev/full", "w")  # noqa: SIM115
    if kind == "closed":
        stream.close()
    monkeypatch.setattr(sys, "stderr", stream)
    lines = Lines()
    lines.write("lost")
    lines.write("lost")
    lines.close()
    assert not lines._writer.is_alive()


def test_who_does_not_read_holds_up_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    end, pipe = os.pipe()
    monkeypatch.setattr(sys, "stderr", open(pipe, "w"))  # noqa: SIM115
    lines = Lines()
    for _ in range(30_000):
        lines.write("x" * 100)
    assert lines._queue.qsize() <= 10_000
    os.close(end)  # so that the writer can end
    lines.close()
