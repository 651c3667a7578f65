"""Take the build's own compiler, flags and folders out of what Python tells its users.

Extension modules are compiled with what `sysconfig` remembers of how Python was compiled. That
is to be the user's compiler, and the folders of the environment, wherever it is.
"""

import os
import re
import sys
import sysconfig
from pathlib import Path
from pprint import pformat

TOOLS = {"CC": "gcc", "CXX": "g++", "AR": "ar", "RANLIB": "ranlib", "NM": "nm", "READELF": "readelf"}
MARK = "@prefix@"
MODULE = '''\
"""How this Python was compiled, with the folders of where it now is."""

import sys

build_time_vars = {variables}
for name, value in build_time_vars.items():
    if isinstance(value, str):
        build_time_vars[name] = value.replace("{mark}", sys.base_prefix)
'''


def clean(text: str) -> str:
    """Give `text` without the build's folders and flags, and with the tools' plain names."""
    for variable, plain in TOOLS.items():
        if tool := os.environ.get(variable):
            text = text.replace(tool, plain)
            text = text.replace(os.path.basename(tool), plain)
    for variable in ("CFLAGS_NODIST", "LDFLAGS_NODIST", "CFLAGS", "CPPFLAGS", "LDFLAGS"):
        for flag in os.environ.get(variable, "").split():
            if not re.match(r"-(I|L|Wl,-rpath,)/", flag):
                text = re.sub(rf"(?<!\S){re.escape(flag)}(?!\S) ?", "", text)
    for folder in (os.environ["BUILD_PREFIX"], os.environ["SRC_DIR"]):
        text = re.sub(rf"\S*{re.escape(folder)}\S*", "", text)
    return text


def main() -> None:
    """Rewrite the module that `sysconfig` reads, the makefile and the configuration script."""
    prefix = os.environ["PREFIX"]
    library = Path(sysconfig.get_path("stdlib"))
    [data] = library.glob("_sysconfigdata_*.py")
    scope: dict[str, dict[str, object]] = {}
    exec(data.read_text(), scope)
    variables = {
        name: clean(value).replace(prefix, MARK).strip() if isinstance(value, str) else value
        for name, value in scope["build_time_vars"].items()
    }
    variables["CONFIG_ARGS"] = ""
    data.write_text(MODULE.format(variables=pformat(variables), mark=MARK))

    for path in [*library.glob("config-*/Makefile"), *Path(prefix, "bin").glob("python*-config")]:
        if not path.is_symlink():
            path.write_text("".join(clean(line) for line in path.read_text().splitlines(True)))


if __name__ == "__main__":
    sys.exit(main())
