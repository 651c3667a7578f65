"""Retries after transient errors, with longer and longer pauses, up to a limit."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from rootstock.core import process
from rootstock.core.progress import Event, Listener
from rootstock.publish.target import TransientError

_Result = TypeVar("_Result")


@dataclass(frozen=True, kw_only=True)
class RetryPolicy:
    """The number of tries in a row, and the seconds of the first and of the longest pause.

    Each pause is twice the last, minus a random part, so that clients that failed together do not
    return together.
    """

    tries: int = 7
    first: float = 1.0
    longest: float = 60.0
    timeout: float = 60.0

    def pause(self, failures: int) -> float:
        """Return the seconds to wait after so many failures in a row."""
        most = min(self.first * 2.0 ** (failures - 1), self.longest)
        return most * random.uniform(0.5, 1.0)


class Retrier:
    """A row of attempts at one thing."""

    def __init__(self, what: str, policy: RetryPolicy, listen: Listener) -> None:
        self._what, self._policy, self._listen = what, policy, listen
        self._failures = 0

    def went_on(self) -> None:
        """Start a new row, because something was achieved."""
        self._failures = 0

    def wait(self, error: TransientError) -> None:
        """Wait before the next attempt; raise the error when there were enough."""
        self._failures += 1
        if self._failures >= self._policy.tries:
            raise error
        pause = self._policy.pause(self._failures)
        message = f"{self._what}: {error.message}; again in {pause:.0f} s"
        self._listen(Event(stage="publish", state="note", detail=message))
        time.sleep(pause)
        process.raise_if_interrupted()


def again(
    action: Callable[[], _Result], what: str, policy: RetryPolicy, listen: Listener
) -> _Result:
    """Run an action, again after each transient error; return its result."""
    retrier = Retrier(what, policy, listen)
    while True:
        try:
            return action()
        except TransientError as error:
            retrier.wait(error)
