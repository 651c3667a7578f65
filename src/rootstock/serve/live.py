"""The page of a channel that is served: made in the background, shown for each address.

It is made once for each state of the channel, for a stand-in address that is replaced by the one
that a reader asked for. Making it takes long where there are many packages (10 s for 100,000). So
it is made by the command `rootstock page`, in a process of its own: a thread would hold up all
other answers meanwhile.
"""

import asyncio
import bisect
import hashlib
import html
import os
import secrets
import shlex
import sys
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import accumulate
from pathlib import Path

from rootstock.channel import generation, index
from rootstock.core import process
from rootstock.core.errors import RefusedError
from rootstock.serve.files import ASK, HTML, PAGE, SMALL, Content
from rootstock.serve.page import SETTINGS

_AGAIN = 10  # seconds after which a page that could not be made is tried again

Make = Callable[[str], bytes]
_State = tuple[object, ...]


class LivePage:
    """The page of a channel as it is when asked for.

    `make(url)` makes it for readers at `url`, and raises what it likes; it is called in a thread.
    `patience` is how long a reader waits for it, in seconds.
    """

    def __init__(self, channel: Path, make: Make, *, patience: float = 10) -> None:
        self._channel, self._make, self._patience = channel, make, patience
        # Of letters that stay what they are in a command line and in HTML.
        self._stand_in = f"http://{secrets.token_hex(16)}.invalid"
        self._made: tuple[_State, tuple[bytes, ...], str] | None = None
        self._failed: tuple[_State, Exception, float] | None = None
        self._making: asyncio.Future[None] | None = None
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="page")

    def begin(self) -> None:
        """Begin to make the page, if it is not there yet. Raises `RefusedError` as `at` does."""
        self._current(self._look())

    async def at(self, url: str) -> Content | None:
        """The page for those who reach the channel at an address; None when it is not made yet.

        Raises `RefusedError` when the channel is no copy that can be worked on, and what `make`
        raised.
        """
        until = asyncio.get_running_loop().time() + self._patience
        while not (made := self._current(self._look())):
            left = until - asyncio.get_running_loop().time()
            if left <= 0 or not self._making:
                return None
            await asyncio.wait({self._making}, timeout=left)
        parts, tag = made
        shown = html.escape(shlex.quote(url)).encode()
        own = hashlib.sha256(shown).hexdigest()[:16]
        body = Filled(parts, shown)
        return Content(
            body=body if body.size > SMALL else shown.join(parts),
            size=body.size,
            modified=None,
            tag=f'"{tag}-{own}"',
            type=HTML,
            cache=ASK,
        )

    def close(self) -> None:
        """Wait for nothing any more."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _look(self) -> _State:
        """What tells that the page has to be made again."""
        tables = sorted(self._channel.glob(f"*/{index.TABLE}"))
        files = [_stamp(path) for path in (*tables, self._channel / SETTINGS)]
        return (generation.current_number(self._channel), *files)

    def _current(self, state: _State) -> tuple[tuple[bytes, ...], str] | None:
        """The page of a state; None when it is being made, which begins here."""
        if self._made and self._made[0] == state:
            return self._made[1:]
        loop = asyncio.get_running_loop()
        if self._failed and self._failed[0] == state and loop.time() < self._failed[2]:
            raise self._failed[1]
        if not self._making:
            self._making = asyncio.ensure_future(self._prepare(state))
        return None

    async def _prepare(self, state: _State) -> None:
        loop = asyncio.get_running_loop()
        try:
            text = await loop.run_in_executor(self._pool, self._make, self._stand_in)
            parts = tuple(text.split(self._stand_in.encode()))
            self._made, self._failed = (state, parts, hashlib.sha256(text).hexdigest()), None
        except Exception as error:
            self._failed = (state, error, loop.time() + _AGAIN)
        finally:
            self._making = None


class Filled:
    """Parts of a text with the same word between each two.

    A page of 100,000 packages has 32 MB. All readers have its parts in common, whatever address
    they asked at.
    """

    def __init__(self, parts: Sequence[bytes], between: bytes) -> None:
        self._parts = [part for one in parts for part in (between, one)][1:]
        self._ends = list(accumulate(map(len, self._parts)))
        self.size = self._ends[-1]

    def piece(self, at: int, most: int) -> bytes:
        """Some of its bytes from a place on, at most to the end of a part."""
        number = bisect.bisect_right(self._ends, at)
        if number == len(self._parts):
            return b""
        part = self._parts[number]
        begin = at - (self._ends[number] - len(part))
        return part[begin : begin + most]

    def close(self) -> None:
        """Do nothing."""


def by_command(channel: Path, title: str) -> Make:
    """What makes the page of a channel by the command; it raises `RefusedError` when that fails."""

    def make(url: str) -> bytes:
        with tempfile.TemporaryDirectory(prefix="rootstock-page-") as folder:
            out = Path(folder, PAGE)
            named = ("--channel", channel.absolute(), "--out", out, "--url", url)
            titled = ("--title", title) if title else ()
            words = (sys.executable, "-I", "-m", "rootstock", "page", *named, *titled)
            done = process.run(words)
            if done.code:
                told = done.output.strip() or f"`rootstock page` ended with {done.code}"
                raise RefusedError(f"The page cannot be made: {told}")
            return out.read_bytes()

    return make


def _stamp(path: Path) -> tuple[int, int, int] | None:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return (found.st_ino, found.st_mtime_ns, found.st_size)
