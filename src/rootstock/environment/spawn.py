"""Start the installer: a process that imports py-rattler and then waits for its job.

Importing takes it as long as the command line takes to be imported and read. So `ahead` starts it
before that, and `take` gives the one that was started, or starts one. For the same reason this
module imports next to nothing, and starts the process itself rather than through process.py.

The installer ends when the pipe that its job comes by is closed, so also when this process dies.
"""

import os
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress

# Garbage is not looked for, as in a process that lives for seconds there is hardly any.
_PROGRAM = (
    "import gc, sys; gc.disable(); sys.path[:] = sys.argv[1:]; "
    "from rootstock.environment.installer import run; run()"
)
# In the names of variables that may hold secrets, of which the installer needs none. This is
# coarser than tokens.py, which takes a while to import. RATTLER_AUTH_FILE stays: it is a path.
_SECRET = ("TOKEN", "PASS", "PWD", "SECRET", "KEY", "CREDENTIAL", "AUTH_CONFIG", "JWT", "_PAT_")


class Running:
    """An installer: its process, which leads a group of its own, and the pipes to and from it."""

    def __init__(self) -> None:
        job, self._job = os.pipe()
        self.told, telling = os.pipe()
        try:
            self.pid = os.posix_spawn(
                sys.executable,
                [sys.executable, "-I", "-c", _PROGRAM, *sys.path],
                {name: value for name, value in os.environ.items() if not may_be_secret(name)},
                file_actions=[
                    (os.POSIX_SPAWN_DUP2, job, 0),
                    (os.POSIX_SPAWN_DUP2, telling, 1),
                    (os.POSIX_SPAWN_DUP2, telling, 2),
                ],
                setpgroup=0,
            )
        finally:
            os.close(job)
            os.close(telling)

    def send(self, job: bytes) -> None:
        """Give it its job. What it tells comes from the file `told`, which the caller closes."""
        # If it has ended already, what it told says why.
        with suppress(BrokenPipeError), open(self._job, "wb", closefd=False) as pipe:
            pipe.write(job + b"\n")

    def end(self) -> int:
        """End it, if it has not ended, and all that it started; returns its exit code."""
        os.close(self._job)
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


_ahead: list[Running] = []


def ahead(words: Sequence[str]) -> None:
    """Start an installer for the next `take`, if a command line is one that will want it."""
    if words[:1] == ["env"] and len(words) > 2 and "--help" not in words:
        with suppress(OSError):  # `take` tries again, and tells
            _ahead.append(Running())


def take() -> Running:
    """The installer that was started ahead, or else a new one."""
    try:
        return _ahead.pop()
    except IndexError:
        return Running()


def may_be_secret(name: str) -> bool:
    """Whether a variable may hold a secret, by its name."""
    return any(word in f"_{name.upper()}_" for word in _SECRET)
