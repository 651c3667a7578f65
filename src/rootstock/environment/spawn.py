"""Starts the installer: a process that imports py-rattler and then waits for its job.

Its imports take as long as those of the command line. So `ahead` starts it before them, and `take`
returns the process started ahead, or starts one. For the same reason this module imports next to
nothing, and starts the process itself rather than through process.py.

The installer ends when the pipe of its job closes, so also when this process dies.
"""

import os
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress

# No garbage collection: a process that lives for seconds has hardly any garbage.
_PROGRAM = (
    "import gc, sys; gc.disable(); sys.path[:] = sys.argv[1:]; "
    "from rootstock.environment.installer import run; run()"
)
# Parts of names of variables that may hold secrets, of which the installer needs none. This is
# coarser than tokens.py, which takes a while to import. RATTLER_AUTH_FILE stays: it is a path.
_SECRET = ("TOKEN", "PASS", "PWD", "SECRET", "KEY", "CREDENTIAL", "AUTH_CONFIG", "JWT", "_PAT_")


class Running:
    """An installer: its process, which leads a group of its own, and the pipes to and from it."""

    def __init__(self) -> None:
        job, self._job = os.pipe()
        self.output, writing = os.pipe()
        try:
            self.pid = os.posix_spawn(
                sys.executable,
                [sys.executable, "-I", "-c", _PROGRAM, *sys.path],
                {name: value for name, value in os.environ.items() if not may_be_secret(name)},
                file_actions=[
                    (os.POSIX_SPAWN_DUP2, job, 0),
                    (os.POSIX_SPAWN_DUP2, writing, 1),
                    (os.POSIX_SPAWN_DUP2, writing, 2),
                ],
                setpgroup=0,
            )
        finally:
            os.close(job)
            os.close(writing)

    def send(self, job: bytes) -> None:
        """Send its job. Its answer comes from the file `output`, which the caller closes."""
        # If it has ended already, its output says why.
        with suppress(BrokenPipeError), open(self._job, "wb", closefd=False) as pipe:
            pipe.write(job + b"\n")

    def end(self) -> int:
        """End it, if necessary, with everything that it started; returns its exit code."""
        os.close(self._job)
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


_ahead: list[Running] = []


def ahead(words: Sequence[str]) -> None:
    """Start an installer for the next `take`, if the command line will need it."""
    if words[:1] == ["env"] and len(words) > 2 and "--help" not in words:
        with suppress(OSError):  # `take` tries again, and reports errors
            _ahead.append(Running())


def take() -> Running:
    """Return the installer that was started ahead, or else a new one."""
    try:
        return _ahead.pop()
    except IndexError:
        return Running()


def may_be_secret(name: str) -> bool:
    """Whether a variable may hold a secret, by its name."""
    return any(word in f"_{name.upper()}_" for word in _SECRET)
