"""Take the warning at its end out of ROOT's `__init__.py`: `silence.py FILE`."""

import re
import sys
from pathlib import Path

WARNING = re.compile(
    r"\n\nimport warnings\nimport textwrap\n\nwarnings\.warn\(\n"
    r'textwrap\.dedent\("""\nThis distribution of ROOT is in alpha stage\..*"""\)\n\)\s*\Z',
    re.DOTALL,
)


def main(module: Path) -> None:
    """Remove the warning from `module`; raise ValueError when it is not there."""
    text, count = WARNING.subn("", module.read_text())
    if not count:
        raise ValueError(f"{module} does not end with the expected warning")
    module.write_text(text)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
