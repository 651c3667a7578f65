"""The page of a served channel: made in the background, with the reader's address.

It is made once for each state of the channel, with a placeholder that is replaced by the address
that a reader used. Making it takes long where there are many packages (10 s for 100,000). So the
command `rootstock page` makes it, in a process of its own: a thread would block all other answers
meanwhile.
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

from rootstock.channel import index
from rootstock.channel.layout import PAGE, SETTINGS
from rootstock.channel.reader import Channel
from rootstock.core import process
from rootstock.core.errors import RefusedError
from rootstock.serve.files import ASK, HTML, SMALL, Content

_AGAIN = 10  # seconds before the next attempt after a failure

Make = Callable[[str], bytes]
_State = tuple[object, ...]


class LivePage:
    """The page of a channel in its present state.

    `make(url)` makes it for readers at `url`, and may raise any exception; it is called in a
    thread. `patience` is how long a reader waits for it, in seconds.
    """

    def __init__(self, channel: Channel, make: Make, *, patience: float = 10) -> None:
        self._channel, self._make, self._patience = channel, make, patience
        # Letters that neither a command line nor HTML changes.
        self._stand_in = f"http://{secrets.token_hex(16)}.invalid"
        self._made: tuple[_State, tuple[bytes, ...], str] | None = None
        self._failed: tuple[_State, Exception, float] | None = None
        self._making: asyncio.Future[None] | None = None
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="page")

    def begin(self) -> None:
        """Start making the page, if it is not ready. Raises `RefusedError` as `at` does."""
        self._current(self._look())

    async def at(self, url: str) -> Content | None:
        """Return the page for readers of an address; None when it is not ready yet.

        Raises `RefusedError` when the channel is a copy that rootstock cannot change, and what
        `make` raised.
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
        """Stop waiting."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _look(self) -> _State:
        """Return a state whose change requires a new page."""
        root = self._channel.layout.root
        tables = sorted(root.glob(f"*/{index.TABLE}"))
        files = [_stamp(path) for path in (*tables, root / SETTINGS)]
        return (self._channel.number(), *files)

    def _current(self, state: _State) -> tuple[tuple[bytes, ...], str] | None:
        """Return the page of a state; None when it is being made, which starts here."""
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

    A page of 100,000 packages has 32 MB. All readers share its parts, whatever address they used.
    """

    def __init__(self, parts: Sequence[bytes], between: bytes) -> None:
        self._parts = [part for one in parts for part in (between, one)][1:]
        self._ends = list(accumulate(map(len, self._parts)))
        self.size = self._ends[-1]

    def piece(self, at: int, most: int) -> bytes:
        """Return some of its bytes from an offset on, at most to the end of a part."""
        number = bisect.bisect_right(self._ends, at)
        if number == len(self._parts):
            return b""
        part = self._parts[number]
        begin = at - (self._ends[number] - len(part))
        return part[begin : begin + most]

    def close(self) -> None:
        """Do nothing."""


def by_command(channel: Channel, title: str) -> Make:
    """Make a channel's page by the command; the function raises `RefusedError` on failure."""

    def make(url: str) -> bytes:
        with tempfile.TemporaryDirectory(prefix="rootstock-page-") as folder:
            out = Path(folder, PAGE)
            named = ("--channel", channel.layout.root.absolute(), "--out", out, "--url", url)
            titled = ("--title", title) if title else ()
            words = (sys.executable, "-I", "-m", "rootstock", "page", *named, *titled)
            done = process.run(words)
            if done.code:
                reason = done.output.strip() or f"`rootstock page` ended with {done.code}"
                raise RefusedError(f"The page cannot be made: {reason}")
            return out.read_bytes()

    return make


def _stamp(path: Path) -> tuple[int, int, int] | None:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return (found.st_ino, found.st_mtime_ns, found.st_size)
