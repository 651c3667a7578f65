import pytest

from rootstock.core.progress import Event, silent
from rootstock.publish.retry import Retrier, RetryPolicy, again
from rootstock.publish.target import TransientError

SOON = RetryPolicy(tries=3, first=0.001, longest=0.002)


def test_pauses_grow_to_the_longest() -> None:
    policy = RetryPolicy(first=1, longest=10)
    for failures, most in ((1, 1), (2, 2), (3, 4), (4, 8), (5, 10), (50, 10)):
        pauses = [policy.pause(failures) for _ in range(50)]
        assert most / 2 <= min(pauses) < max(pauses) <= most


def test_what_passes_is_reported_and_tried_again() -> None:
    said: list[Event] = []
    failures = [TransientError("first"), TransientError("second")]

    def action() -> str:
        if failures:
            raise failures.pop(0)
        return "done"

    assert again(action, "it", SOON, said.append) == "done"
    assert [event.detail.partition(";")[0] for event in said] == ["it: first", "it: second"]


def test_it_is_not_tried_for_ever() -> None:
    tries = 0

    def action() -> None:
        nonlocal tries
        tries += 1
        raise TransientError(f"try {tries}")

    with pytest.raises(TransientError, match="try 3"):
        again(action, "it", SOON, silent)


def test_a_row_begins_again_when_something_was_achieved() -> None:
    retrier = Retrier("it", SOON, silent)
    for _ in range(3):
        retrier.wait(TransientError("cut"))
        retrier.wait(TransientError("cut"))
        retrier.went_on()
    retrier.wait(TransientError("cut"))
    retrier.wait(TransientError("cut"))
    with pytest.raises(TransientError):
        retrier.wait(TransientError("cut"))
