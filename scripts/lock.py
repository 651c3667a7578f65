"""Locks Python packages again: makes .venv if it is missing, then hands over to _locks.py.

python3 scripts/lock.py --help
"""

import sys

if __name__ == "__main__":
    if sys.version_info < (3, 10):  # noqa: UP036 - the reason why this block is here
        sys.stderr.write("rootstock: Python 3.10 or newer is needed\n")
        sys.exit(4)

    try:
        import _venv
    except KeyboardInterrupt:
        sys.exit(130)

    argv = [_venv.CHECKOUT + "/scripts/_locks.py"] + sys.argv[1:]  # noqa: RUF005
    _venv.hand_over(["requirements.lock"], argv, hold_back=True)
