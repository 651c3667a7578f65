"""Runs the checks: the only program that the smoke tests start in the sandbox.

    python -I _inside.py AT_ONCE NAME,SECONDS,START ...

A check whose START is `fresh` is a program of its own. Starting ROOT takes longer than most checks;
so checks that do not test the start are `forked` from this process, which has started ROOT once,
and end as programs do. Where ROOT does not start, they are fresh, too, and each shows why.

Every check works in a folder NAME below the current one, and its output goes to NAME.log. When it
ends, this prints a line `NAME CODE SECONDS`: its exit code, negative for a signal, or `over` when
it exceeded its time.
"""

import os
import signal
import sys
import time
from collections import deque
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import ModuleType

POLL = 0.01  # seconds
ENVIRONMENT = dict(os.environ)  # before ROOT adds to it at its start


@dataclass
class Check:
    """A check and, once it began, the time of its start."""

    name: str
    timeout: float
    forked: bool
    started: float = 0.0
    over: bool = False

    @property
    def program(self) -> str:
        """Its file, beside this one."""
        return str(Path(__file__).with_name(f"{self.name}.py"))


def begin(check: Check) -> int:
    """Start a check in a child and return its process id; the child does not return."""
    check.started = time.monotonic()
    child = os.fork()
    if child:
        return child
    os.setsid()
    log = os.open(f"{check.name}.log", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666)
    os.dup2(log, 1)
    os.dup2(log, 2)
    Path(check.name).mkdir()
    os.chdir(check.name)
    if not check.forked:
        os.execve(sys.executable, [sys.executable, "-I", check.program], ENVIRONMENT)
    sys.argv = [check.program]
    # As the main program, so that its leftovers still exist when Python ends.
    module = sys.modules["__main__"] = ModuleType("__main__")
    module.__file__ = check.program
    exec(compile(Path(check.program).read_bytes(), check.program, "exec"), vars(module))
    sys.exit()


def end(check: Check, status: int) -> None:
    """Print how a check ended."""
    code = "over" if check.over else os.waitstatus_to_exitcode(status)
    print(check.name, code, f"{time.monotonic() - check.started:.2f}", flush=True)


def start_root() -> bool:
    """Start ROOT in this process; return whether that worked."""
    try:
        return bool(import_module("ROOT").gROOT.GetVersion())
    except Exception:
        return False


def main(at_once: int, checks: "list[Check]") -> None:
    """Run the checks, as far as possible in their order."""
    todo = deque(checks)
    running: dict[int, Check] = {}
    if any(check.forked for check in todo):
        # The start of ROOT leaves a processor for others.
        fresh = [check for check in todo if not check.forked][: at_once - 1]
        for check in fresh:
            todo.remove(check)
            running[begin(check)] = check
        if not start_root():
            for check in todo:
                check.forked = False
    while todo or running:
        while todo and len(running) < at_once:
            check = todo.popleft()
            running[begin(check)] = check
        child, status = os.waitpid(-1, os.WNOHANG)
        if child in running:  # as a first process it also gets children of others
            end(running.pop(child), status)
        if child:
            continue
        for child, check in running.items():
            if time.monotonic() - check.started > check.timeout:
                check.over = True
                os.killpg(child, signal.SIGKILL)
        time.sleep(POLL)


if __name__ == "__main__":
    main(
        int(sys.argv[1]),
        [
            Check(name, float(seconds), start == "forked")
            for name, seconds, start in (word.split(",") for word in sys.argv[2:])
        ],
    )
