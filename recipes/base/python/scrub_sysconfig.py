"""Take the build's own compiler, flags and folders out of what Python tells its users.

Extension modules are compiled with what `sysconfig` remembers of how Python was compiled. That
is to be the user's own compiler, and the folders of the environment, wherever it is.
"""

import json
import os
import re
import sysconfig
from pathlib import Path
from pprint import pformat

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
    host = os.environ["HOST"]
    for variable in ("CFLAGS_NODIST", "LDFLAGS_NODIST"):
        text = text.replace(os.environ[variable], "")
    text = text.replace(f"{host}-cc", "gcc").replace(f"{host}-", "")
    for folder in (os.environ["BUILD_PREFIX"], os.environ["SRC_DIR"]):
        text = re.sub(rf"{re.escape(folder)}[^\s'\"]*/", "", text).replace(folder, ".")
    return text


def cleaned_variables(variables: dict[str, object]) -> dict[str, object]:
    """Give the variables of `sysconfig` without what only the build had."""
    cleaned = {
        name: clean(value) if isinstance(value, str) else value for name, value in variables.items()
    }
    # How configure was called: with the variables of the build's environment.
    return {**cleaned, "CONFIG_ARGS": ""}


def main() -> None:
    """Rewrite what `sysconfig` reads, the makefile and the configuration script."""
    prefix = os.environ["PREFIX"]
    library = Path(sysconfig.get_path("stdlib"))

    [data] = library.glob("_sysconfigdata_*.py")
    scope: dict[str, dict[str, object]] = {}
    exec(data.read_text(), scope)
    cleaned = cleaned_variables(scope["build_time_vars"])
    variables = {
        name: value.replace(prefix, MARK) if isinstance(value, str) else value
        for name, value in cleaned.items()
    }
    data.write_text(MODULE.format(variables=pformat(variables), mark=MARK))
    # The same for other programs, from 3.14 on; conda puts the prefix in, as in any text.
    for path in library.glob("_sysconfig_vars_*.json"):
        path.write_text(json.dumps(cleaned_variables(json.loads(path.read_text())), indent=2))

    [makefile] = library.glob("config-*/Makefile")
    script = (Path(prefix) / "bin/python3-config").resolve()
    for path in (makefile, script):
        lines = path.read_text().splitlines(keepends=True)
        path.write_text("".join(clean(x) for x in lines if not x.startswith("CONFIG_ARGS")))


if __name__ == "__main__":
    main()
