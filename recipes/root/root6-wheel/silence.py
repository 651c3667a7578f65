"""Take out what ROOT says at every import: `silence.py SITE_PACKAGES`."""

import re
import sys
from pathlib import Path

# That it is in alpha stage; at the beginning or at the end of the module.
ALPHA = re.compile(
    r"\s*import warnings\nimport textwrap\n\nwarnings\.warn\(\n"
    r'textwrap\.dedent\("""\nThis distribution of ROOT is in alpha stage\.[^"]*"""\)\n\)\s*'
)

# cppyy of ROOT 6.38 looks for its own headers up to three folders above its library, and warns
# when they are not there. They are with ROOT's.
API = re.compile(r"(    except KeyError:\n        apipath_extra = )None\n")
HEADERS = (
    "os.path.abspath(\n            os.path.join(os.path.dirname(__file__), "
    '"..", "..", "..", "root", "include"))\n'
)


def main(site: Path) -> None:
    """Mend the modules in `site`; raise ValueError where what is looked for is not there."""
    module = site / "ROOT/__init__.py"
    text, count = ALPHA.subn("\n", module.read_text())
    if count != 1:
        raise ValueError(f"{module} does not have the expected warning")
    module.write_text(text)

    module = site / "cppyy/__init__.py"
    text = module.read_text()
    if "CPyCppyy API not found" in text:
        text, count = API.subn(rf"\g<1>{HEADERS}", text)
        if count != 1:
            raise ValueError(f"{module} does not look for its headers as expected")
        module.write_text(text)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
