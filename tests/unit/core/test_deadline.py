import math
import signal
import time

import pytest

from rootstock.core.deadline import deadline
from rootstock.core.errors import UsageError

LATE = UsageError("late")


def test_what_takes_longer_is_ended() -> None:
    with pytest.raises(UsageError, match="late"), deadline(0.01, LATE):
        time.sleep(60)


@pytest.mark.parametrize("seconds", [60.0, math.inf])
def test_what_takes_less_is_not_ended_later(seconds: float) -> None:
    before = signal.getsignal(signal.SIGALRM)
    with deadline(seconds, LATE):
        pass
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
    assert signal.getsignal(signal.SIGALRM) == before


def test_an_error_ends_the_limit_too() -> None:
    with pytest.raises(ValueError, match="other"), deadline(60, LATE):
        raise ValueError("other")
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
