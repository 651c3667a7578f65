"""Runs a target's own library, as a program in its own environment.

The program gets its job as JSON on standard input, and the secrets in its environment, never in
arguments or files. It prints one JSON object a line; the last is `done`, or `failed` with the HTTP
status (0 when there was no answer) and the reason.
"""

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from rootstock.core import process
from rootstock.core.errors import MachineError
from rootstock.publish import web
from rootstock.publish.target import TransientError
from rootstock.sources import tools

Event = Mapping[str, Any]

_PROGRAMS = Path(__file__).parent / "programs"


def run(
    program: str,
    environment: Path,
    job: Mapping[str, Any],
    *,
    secrets: Mapping[str, str],
    server: str,
    report: Callable[[Event], None] | None = None,
) -> list[Event]:
    """Run a program of programs/, and return its events without the last one.

    `report` is called with each event as it comes, in another thread. Raises the errors of
    `web.refusal` for a failure, `TransientError` when there was no answer, and `MachineError` when
    the program itself broke.
    """
    events: list[Event] = []

    def read(line: str) -> None:
        try:
            event = json.loads(line)
            event["event"]
        except (ValueError, TypeError, KeyError):
            return
        events.append(event)
        if report:
            report(event)

    ended = process.follow(
        [*tools.python(environment), _PROGRAMS / f"{program}.py"],
        read,
        env={**os.environ, **secrets},
        stdin=json.dumps(job).encode(),
    )
    last: Event = events.pop() if events else {"event": ""}
    if last["event"] == "failed":
        reason = f"{server}: {_hidden(str(last['reason']), secrets)}"
        if not last["status"]:
            raise TransientError(reason, web.GO_ON)
        raise web.refusal(last["status"], reason)
    if last["event"] != "done" or ended.code:
        text = _hidden(ended.output, secrets)
        raise MachineError(f"the client of {server} ended with {ended.code}:\n{text}")
    return events


def _hidden(text: str, secrets: Mapping[str, str]) -> str:
    for name, value in secrets.items():
        text = text.replace(value, f"<{name}>") if value else text
    return text
