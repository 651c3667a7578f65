"""Runs the installer: sends its job, and turns its messages into events and errors."""

import json
import os
import threading
from collections import deque
from collections.abc import Iterable, Mapping
from typing import Any

from rootstock.core import process
from rootstock.core.errors import (
    MachineError,
    NoSpace,
    RootstockError,
    SourceError,
    UsageError,
    means_no_space,
)
from rootstock.core.names import listed, plain
from rootstock.core.progress import Event, Listener
from rootstock.environment import spawn

STAGE = "env"
_LAST = ("done", "again")  # events after which no others come
_TAIL = 20  # lines to keep that are not events
_OVERRIDE = "CONDA_OVERRIDE_GLIBC"  # by which solvers take another glibc than the system's (CEP 30)


def run(job: Mapping[str, Any], item: str, listen: Listener) -> dict[str, Any]:
    """Do a job of environment/installer.py; returns its last event, `done` or `again`.

    Raises what `environment.create` does, and what `listen` does.
    """
    follower = Follower(item, listen)
    running = spawn.take()
    try:
        with process.attended(running.pid), open(running.output, errors="replace") as lines:
            running.send(json.dumps(job).encode())
            follower.follow(lines)
    except BaseException:
        running.end()
        raise
    last = follower.last
    if last.get("event") in _LAST:
        # The system takes a while to end such a large process, and nothing waits for it.
        threading.Thread(target=running.end, daemon=True).start()
        return last
    code = running.end()
    if last.get("event") != "failed":
        lines_shown = "\n".join(f"    {line}" for line in follower.other)
        last = {"kind": "install", "reason": f"the installer ended with {code}\n{lines_shown}"}
    raise failure(last, job)


class Follower:
    """Turns the installer's output into events, and keeps its last message."""

    def __init__(self, item: str, listen: Listener) -> None:
        self._item, self._listen = item, listen
        self._sizes: Mapping[str, int] = {}
        self._fetched: dict[str, int] = {}
        self._linked = 0
        self.last: dict[str, Any] = {}
        self.other: deque[str] = deque(maxlen=_TAIL)

    def follow(self, lines: Iterable[str]) -> None:
        """Read the lines up to one that reports the end, or all of them."""
        for line in lines:
            try:
                message = json.loads(line)
                event = message["event"]
            except (ValueError, TypeError, KeyError):
                self.other.append(line.rstrip())
                continue
            if self.last.get("event") == "failed":
                continue  # the installer's other threads go on until it ends
            self.last = message
            if event in _LAST:
                return
            self._report(event, message)

    def _report(self, event: str, message: Mapping[str, Any]) -> None:
        name = message.get("name", "")
        if event == "solved":
            self._sizes = message["sizes"]
        elif event in ("fetch", "fetched"):
            self._fetched[name] = message["done"] if event == "fetch" else self._sizes[name]
            done, total = sum(self._fetched.values()), sum(self._sizes.values())
            self._progress(f"fetch {name}", done, total, "B")
        elif event == "damaged":
            detail = f"{message['path']} is damaged: it is unpacked again"
            self._listen(Event(stage=STAGE, item=self._item, state="note", detail=detail))
        elif event == "linked":
            self._linked += 1
            self._progress(f"link {name}", self._linked, len(self._sizes), "")

    def _progress(self, detail: str, done: float, total: float, unit: str) -> None:
        self._listen(
            Event(
                stage=STAGE,
                item=self._item,
                state="progress",
                done=done,
                total=total,
                unit=unit,
                detail=detail,
            )
        )


def failure(last: Mapping[str, Any], job: Mapping[str, Any]) -> RootstockError:
    """Return the error for a failure that the installer reports."""
    kind, reason, channel = last["kind"], last["reason"], job["channel"]
    if means_no_space(reason):
        return NoSpace(f"{job['prefix']} or {job['cache']}")
    if kind == "unknown":
        return UsageError(
            f"{channel} has no package {plain(last['name']) or '(a spec without a name)'}",
            f"It has {listed(last['near'])}." if last["near"] else "The channel is empty.",
        )
    if kind == "glibc":
        return _too_old(last, job)
    if kind == "unsatisfiable":
        reasons = reason.removeprefix("Cannot solve the request because of: ").rstrip()
        return UsageError(f"No combination of packages satisfies the request:\n{reasons}")
    if kind == "lock":
        return UsageError(reason, "Fetch the lock again; docs/releases.md explains locks.")
    if kind == "usage":
        return UsageError(
            f"{listed(job['specs'], ' ')}: {plain(reason)}", "Write it as NAME or 'NAME >=1'."
        )
    if kind == "channel":
        return SourceError(f"{channel} cannot be read: {reason}", "Is it a channel's URL?")
    return SourceError(f"{job['prefix']} was not made: {reason}")


def _too_old(last: Mapping[str, Any], job: Mapping[str, Any]) -> MachineError:
    """Return the error where glibc is too old for the specs of a job, or for its lock."""
    needs = f"{last['package']}: needs glibc >= {last['needs']}"
    if "specs" in job:
        needs = f"{listed(job['specs'])}: needs glibc >= {last['needs']} ({last['package']})"
    has, remedy = "this system has", "Use a newer system."
    if job["glibc"]:
        has = "the system to install for has"
    elif os.environ.get(_OVERRIDE):
        has, remedy = "this system is taken to have", f"Unset {_OVERRIDE}, or use a newer system."
    there = f"glibc {last['has']}" if last["has"] else "none"
    return MachineError(f"{needs}; {has} {there}", remedy)
