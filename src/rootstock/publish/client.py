"""A target's own library, as a program in an environment of its own.

It gets its job as JSON on standard input, and the secrets, which no argument or file has, in its
environment. It tells one JSON object a line; the last is `done`, or `failed` with HTTP's status
(0 when there was no answer) and the reason.
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

Told = Mapping[str, Any]

_PROGRAMS = Path(__file__).parent / "programs"


def run(
    program: str,
    environment: Path,
    job: Mapping[str, Any],
    *,
    secrets: Mapping[str, str],
    server: str,
    tell: Callable[[Told], None] | None = None,
) -> list[Told]:
    """Run a program of programs/, and return what it told but for its last word.

    `tell` is called with each event as it comes, in another thread. Raises what `web.refusal`
    makes of a failure, `Passing` when there was no answer, `MachineError` when the program
    itself broke.
    """
    events: list[Told] = []

    def read(line: str) -> None:
        try:
            event = json.loads(line)
            event["event"]
        except (ValueError, TypeError, KeyError):
            return
        events.append(event)
        if tell:
            tell(event)

    ended = process.follow(
        [*tools.python(environment), _PROGRAMS / f"{program}.py"],
        read,
        env={**os.environ, **secrets},
        stdin=json.dumps(job).encode(),
    )
    last: Told = events.pop() if events else {"event": ""}
    if last["event"] == "failed":
        said = f"{server}: {_hidden(str(last['reason']), secrets)}"
        if not last["status"]:
            raise TransientError(said, web.GO_ON)
        raise web.refusal(last["status"], said)
    if last["event"] != "done" or ended.code:
        text = _hidden(ended.output, secrets)
        raise MachineError(f"the client of {server} ended with {ended.code}:\n{text}")
    return events


def _hidden(text: str, secrets: Mapping[str, str]) -> str:
    for name, value in secrets.items():
        text = text.replace(value, f"<{name}>") if value else text
    return text
