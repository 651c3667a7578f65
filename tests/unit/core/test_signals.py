import signal
from collections.abc import Iterator

import pytest

from rootstock.core import signals


@pytest.fixture(autouse=True)
def own_handlers() -> Iterator[None]:
    kept = {number: signal.getsignal(number) for number in signals._ENDING}
    yield
    for number, handler in kept.items():
        signal.signal(number, handler)


def test_what_ends_a_command_is_taken() -> None:
    taken: list[int] = []
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    signals.handle(lambda number, frame: taken.append(number))
    for number in signals._ENDING:
        signal.raise_signal(number)
    assert taken == [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]


def test_nohup_holds() -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signals.handle(lambda number, frame: None)
    assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN


def test_what_was_held_back_comes_now() -> None:
    taken: list[int] = []
    signal.signal(signal.SIGINT, lambda number, frame: taken.append(number))
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    signal.raise_signal(signal.SIGINT)
    assert not taken
    signals.handle(lambda number, frame: taken.append(number))
    assert taken == [signal.SIGINT]
