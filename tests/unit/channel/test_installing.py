from typing import Any

import pytest

from rootstock.channel.installing import Follower, failure
from rootstock.errors import MachineError, NoSpace, SourceError, UsageError
from rootstock.progress import Event

JOB = {"prefix": "/p", "cache": "/c", "channel": "file:///x", "specs": ["root"], "glibc": None}


@pytest.mark.parametrize(
    ("kind", "reason", "expected"),
    [
        ("install", "x: No space left on device (os error 28)", NoSpace),
        ("install", "hash mismatch", SourceError),
        ("channel", "404", SourceError),
        ("usage", "unable to parse", UsageError),
        ("unsatisfiable", "a needs b", UsageError),
        ("unsatisfiable", "root needs __glibc >=2.28", MachineError),
    ],
)
def test_failures_have_their_class(kind: str, reason: str, expected: type[Exception]) -> None:
    assert type(failure({"kind": kind, "reason": reason}, JOB)) is expected


def test_unknown_package_has_names_that_are_near() -> None:
    last: dict[str, Any] = {"kind": "unknown", "reason": "", "name": "rot", "near": ["root"]}
    error = failure(last, JOB)
    assert "rot" in error.message
    assert error.remedy == "It has root."


def test_lines_become_events() -> None:
    events: list[Event] = []
    follower = Follower("env", events.append)
    follower.follow(
        [
            '{"event": "solved", "sizes": {"a": 10, "b": 30}}\n',
            '{"event": "fetch", "name": "b", "done": 15}\n',
            "thread panicked\n",
            '{"event": "fetched", "name": "b"}\n',
            '{"event": "linked", "name": "b"}\n',
            '{"event": "done", "records": []}\n',
        ]
    )
    assert [(e.done, e.total, e.unit, e.detail) for e in events] == [
        (15, 40, "B", "fetch b"),
        (30, 40, "B", "fetch b"),
        (1, 2, "", "link b"),
    ]
    assert list(follower.other) == ["thread panicked"]
    assert follower.last["event"] == "done"
