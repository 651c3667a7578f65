"""`python -m rootstock`, and the command `rootstock`.

The commands take a while to import. What may happen in that time, or is wrong before it, is seen
to here.
"""

import os
import sys
from typing import NoReturn

from rootstock import signals, streams
from rootstock.channel import spawn


def main() -> NoReturn:
    """Run the command line and end the process with the exit code of the contract."""
    signals.handle(signals.end_at_once)
    streams.ready()
    spawn.ahead(sys.argv[1:])
    try:
        from rootstock.cli.main import main as run
    except ImportError as error:
        streams.write(2, f"error: rootstock is not installed completely: {error}\n".encode())
        os._exit(4)
    run()


if __name__ == "__main__":
    main()
