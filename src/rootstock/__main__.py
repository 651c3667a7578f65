"""`python -m rootstock`, and the command `rootstock`.

Importing the commands takes a while. This module handles signals and errors until that is done.
"""

import gc
import json
import os
import sys
from typing import NoReturn

from rootstock.core import signals, streams
from rootstock.environment import spawn

_ALLOCATIONS = 100_000  # before Python collects garbage, which takes 6 % of a short run otherwise


def main() -> NoReturn:
    """Run the command line and end the process with the exit code of the contract."""
    gc.set_threshold(_ALLOCATIONS)
    signals.handle(signals.end_at_once)
    streams.ready()
    spawn.ahead(sys.argv[1:])
    try:
        from rootstock.cli.main import main as run
    except ImportError as error:
        _not_whole(error)
    run()


def _not_whole(error: ImportError) -> NoReturn:
    message = f"rootstock is not installed completely: {error}"
    remedy = "Run scripts/build.py --list once, which completes it; or install it again."
    streams.write(2, f"error: {message}\n  {remedy}\n".encode(errors="backslashreplace"))
    if streams.wants_json(sys.argv):
        answer = {"error": message, "remedy": remedy, "code": 4}
        streams.write(1, f"{json.dumps(answer)}\n".encode())
    os._exit(4)


if __name__ == "__main__":
    main()
