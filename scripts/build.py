"""Builds a channel: makes .venv if it is missing, then hands over to `rootstock build`.

It needs Python 3.10 or newer with its standard library, and nothing else. Older Pythons can read
this file far enough to print that.
"""

import sys

if __name__ == "__main__":
    if sys.version_info < (3, 10):  # noqa: UP036 - the reason why this block is here
        sys.stderr.write(
            "rootstock: Python 3.10 or newer is needed, but this is %d.%d (%s)\n"  # noqa: UP031
            "  Start it with a newer one, such as: python3.11 %s\n"
            % (sys.version_info[0], sys.version_info[1], sys.executable, " ".join(sys.argv))
        )
        sys.exit(4)

    try:
        import _venv

        argv = ["-m", "rootstock", "build"] + sys.argv[1:]  # noqa: RUF005 - as Python 2 writes it
        _venv.hand_over(["requirements.lock"], argv, hold_back=True)
    except KeyboardInterrupt:
        sys.exit(130)
