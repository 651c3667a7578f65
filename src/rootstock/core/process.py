"""The only module that starts processes, except for the installer (environment/spawn.py).

Every process leads its own group, gets its whole environment, and writes to a log file or is
captured. It ends with all its descendants when its time is up, when it holds too much memory, when
another thread calls `end_all`, or when rootstock itself dies.
"""

import contextlib
import ctypes
import math
import os
import signal
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, Protocol

from rootstock.core import memory as machine
from rootstock.core.errors import InterruptedByUser, MachineError

_PR_SET_PDEATHSIG = 1  # prctl(2)
_GRACE = 2.0  # seconds between SIGTERM and SIGKILL
_POLL = 0.05  # seconds
_LINES = 100  # of the output of a program that is followed


class _Leader(Protocol):
    """A process that leads a group."""

    @property
    def pid(self) -> int: ...

    def poll(self) -> int | None:
        """Its exit code, once it has ended."""


# No lock guards these: a signal's handler calls `end_all`, and its thread may hold any lock, even
# one that the thread which starts a process waits for (fork runs hooks that take some). Adding to a
# set, and copying it, are one step each for other threads.
_running: set[_Leader] = set()
_ended = False


@dataclass(frozen=True, kw_only=True)
class Completed:
    """How a process ended: its exit code (negative: a signal), output and seconds.

    `over` is the limit that it exceeded, if any. `peak` is the most bytes of memory that it and its
    descendants were seen to hold, where there was a limit of memory.
    """

    code: int
    output: str
    seconds: float
    over: Literal["", "time", "memory"] = ""
    peak: int = 0


def run(
    argv: Sequence[str | Path],
    *,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    log: Path | None = None,
    stdin: bytes = b"",
    timeout: float | None = None,
    memory: float | None = None,
    cmdline_marker: str = "",
    look: Callable[[], object] | None = None,
) -> Completed:
    """Run a program to its end; the result says whether it failed.

    Standard output and error go, in their order, to `log` when it is given and to
    `Completed.output` otherwise. `env` is the whole environment of the process; without it the
    process inherits the caller's. The process group is ended after `timeout` seconds, or when the
    process and its descendants hold more than `memory` bytes (measured twice a second). The memory
    of processes with `cmdline_marker` on their command line counts as well (see `memory.held`).
    `look` is called twice a second, too; what it raises ends the process, and is raised here.

    Raises `MachineError` when the program does not exist, and `InterruptedByUser` after a call of
    `end_all`.
    """
    words = [os.fspath(word) for word in argv]
    started = time.monotonic()
    sink = log.open("ab") if log else None
    try:
        raise_if_interrupted()
        try:
            process = subprocess.Popen(
                words,
                env=dict(env) if env is not None else None,
                cwd=cwd,
                stdin=subprocess.PIPE if stdin else subprocess.DEVNULL,
                stdout=sink or subprocess.PIPE,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=_die_with_parent,
            )
        # Also raised when PATH has unreadable directories.
        except (FileNotFoundError, PermissionError) as error:
            raise MachineError(
                f"{words[0]} is not on this machine", "Install it, or see `rootstock doctor`."
            ) from error
        output, over, peak = _wait(process, stdin, timeout, memory, cmdline_marker, look)
    finally:
        if sink:
            sink.close()
    raise_if_interrupted()
    return Completed(
        code=process.returncode,
        output=output.decode(errors="replace"),
        seconds=time.monotonic() - started,
        over=over,
        peak=peak,
    )


def follow(
    argv: Sequence[str | Path],
    on_line: Callable[[str], None],
    *,
    env: Mapping[str, str] | None = None,
    stdin: bytes = b"",
    timeout: float | None = None,
    memory: float | None = None,
    cmdline_marker: str = "",
    look: Callable[[], object] | None = None,
) -> Completed:
    """Run a program as `run` does, and pass each line of its output to `on_line` at once.

    `Completed.output` has the last lines only. `on_line` is called in another thread. When it
    raises, the program runs to its end, and then the error is raised here.
    """
    last: deque[str] = deque(maxlen=_LINES)
    raised: list[Exception] = []
    end, pipe = os.pipe()

    def read() -> None:
        with open(end, errors="replace") as lines:
            for line in lines:
                last.append(line)
                if not raised:
                    try:
                        on_line(line.rstrip("\n"))
                    except Exception as error:
                        raised.append(error)

    reader = threading.Thread(target=read)
    reader.start()
    try:
        log = Path(f"/proc/self/fd/{pipe}")
        done = run(
            argv,
            env=env,
            log=log,
            stdin=stdin,
            timeout=timeout,
            memory=memory,
            cmdline_marker=cmdline_marker,
            look=look,
        )
    finally:
        os.close(pipe)
        reader.join()
    for error in raised:
        raise error
    return replace(done, output="".join(last))


def _wait(
    process: "subprocess.Popen[bytes]",
    stdin: bytes,
    timeout: float | None,
    memory: float | None,
    cmdline_marker: str,
    look: Callable[[], object] | None,
) -> tuple[bytes, Literal["", "time", "memory"], int]:
    _running.add(process)
    deadline = math.inf if timeout is None else time.monotonic() + timeout
    over: Literal["", "time", "memory"] = ""
    peak = 0
    try:
        # A call of `end_all` before the process was in the set has not reached it.
        raise_if_interrupted()
        while True:
            left = max(deadline - time.monotonic(), 0.0)
            pause = left if memory is None and look is None else min(left, machine.LOOK)
            try:
                output, _ = process.communicate(
                    stdin or None, timeout=None if over or pause == math.inf else pause
                )
                return output or b"", over, peak
            except subprocess.TimeoutExpired:
                stdin = b""  # it is on its way
            if look is not None:
                look()
            if memory is not None:
                holds = machine.held(process.pid, cmdline_marker)
                holds = (
                    machine.held_fairly(process.pid, cmdline_marker) if holds > memory else holds
                )
                peak = max(peak, holds)
                over = "memory" if holds > memory else over
            if time.monotonic() >= deadline:
                over = over or "time"
            if over:
                _end(process)
    except BaseException:
        _end(process)
        process.wait()
        raise
    finally:
        _running.discard(process)


def _die_with_parent() -> None:
    # Runs between fork and exec: only the one system call.
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


_LIBC = ctypes.CDLL(None)


def _signal_group(process: _Leader, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, number)


def _end(process: _Leader) -> None:
    _signal_group(process, signal.SIGTERM)
    deadline = time.monotonic() + _GRACE
    while process.poll() is None and time.monotonic() < deadline:
        time.sleep(_POLL)
    # The leader may be gone while others of its group still run.
    _signal_group(process, signal.SIGKILL)


@dataclass(frozen=True)
class _Attended:
    pid: int

    def poll(self) -> int | None:
        # Do not reap it: whoever started it waits for it.
        ended = os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        return ended.si_status if ended else None


@contextlib.contextmanager
def attended(pid: int) -> Iterator[None]:
    """While the block runs, `end_all` also ends a group that was started elsewhere.

    Raises `InterruptedByUser` once `end_all` was called.
    """
    leader = _Attended(pid)
    _running.add(leader)
    try:
        raise_if_interrupted()
        yield
    finally:
        _running.discard(leader)
    raise_if_interrupted()


def end_all() -> None:
    """End every running process and refuse new ones, as Ctrl-C does."""
    global _ended
    _ended = True
    running = tuple(_running)
    for process in running:
        _signal_group(process, signal.SIGTERM)
    deadline = time.monotonic() + _GRACE
    while any(p.poll() is None for p in running) and time.monotonic() < deadline:
        time.sleep(_POLL)
    for process in running:
        _signal_group(process, signal.SIGKILL)


def raise_if_interrupted() -> None:
    """Raise `InterruptedByUser` after a call of `end_all`: for long work without a process."""
    if _ended:
        raise InterruptedByUser("interrupted")


def tail(log: Path, lines: int = 30) -> tuple[str, ...]:
    """The last lines of a log file, as text."""
    if not log.exists():
        return ()
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - 64 * 1024))
        return tuple(file.read().decode(errors="replace").splitlines()[-lines:])
