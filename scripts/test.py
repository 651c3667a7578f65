"""Runs the tests: makes .venv if it is missing, then hands over to pytest.

    python scripts/test.py [--unit | --system | --nightly] [--no-skips] [PYTEST OPTIONS]

Style and types are tests too, so that pytest's last line covers everything.
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

    kinds = ("--unit", "--system", "--nightly")
    folders = [word[2:] for word in kinds if word in sys.argv]
    rest = [word for word in sys.argv[1:] if word not in kinds]
    names = folders or ("test_style.py", "unit", "system")
    paths = [_venv.CHECKOUT + "/tests/" + name for name in names]
    argv = ["-m", "pytest", "-c", _venv.CHECKOUT + "/pyproject.toml"] + paths + rest  # noqa: RUF005
    _venv.hand_over(["requirements.lock", "requirements-dev.lock"], argv)
