"""Every Python package imports with only its declared dependencies.

The modules of each package are imported in a process whose site-packages has only that package and
its direct and indirect dependencies. So an undeclared dependency shows, although the environment
has it. A plugin may need its dependents: they exist whenever the plugin is of use. HOME and other
variables are as in the check `stack`.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import traceback
import warnings
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

# pip says that it is no library; other checks test ROOT.
NOT_IMPORTED = {"pip", "ROOT", "cppyy", "cppyy_backend", "JupyROOT"}

prefix = Path(sys.prefix)
site = next(Path(path) for path in sys.path if path.endswith("site-packages"))
packages: dict[str, dict[str, Any]] = {}
for path in sorted((prefix / "conda-meta").glob("*.json")):
    record = json.loads(path.read_text())
    packages[record["name"]] = record
assert packages, "the environment has no packages"


def in_site(record: dict[str, Any]) -> Iterator[tuple[str, ...]]:
    """Yield the path of each of a package's files below site-packages, as its parts."""
    for file in record["files"]:
        with suppress(ValueError):
            yield (prefix / file).relative_to(site).parts


def modules(record: dict[str, Any]) -> Iterator[str]:
    """Yield the top-level modules and packages that a package has in site-packages."""
    for top, *rest in in_site(record):
        if top == "__pycache__" or top.startswith("_"):
            continue
        if rest == ["__init__.py"] or (not rest and top.endswith((".py", ".so"))):
            yield top.partition(".")[0]


def closure(*names: str) -> set[str]:
    """Return packages, and all their direct and indirect dependencies."""
    found: set[str] = set()
    left = [*names]
    while left:
        one = left.pop()
        if one in packages and one not in found:
            found.add(one)
            left += [spec.split()[0] for spec in packages[one]["depends"]]
    return found


def missing(error: BaseException | None) -> str:
    """Return the top-level module that an import did not find, or an empty text."""
    while error is not None:
        if isinstance(error, ModuleNotFoundError) and error.name:
            return error.name.partition(".")[0]
        error = error.__cause__ or error.__context__
    return ""


def imported(name: str, folder: Path, *more: str) -> dict[str, list[str]]:
    """Import the modules of a package in a process of its own.

    `folder` gets links to the package and to the dependencies of it and of `more`. Returns the
    failures by module: a message, and the missing module.
    """
    reading, writing = os.pipe()
    child = os.fork()
    if child:
        os.close(writing)
        with open(reading) as file:
            answer = file.read()
        _, status = os.waitpid(child, 0)
        return json.loads(answer) if answer else {"": [f"ended with status {status}", ""]}
    silent = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silent, 1)
    os.dup2(silent, 2)
    warnings.simplefilter("ignore")
    folder.mkdir(parents=True)
    for top in {parts[0] for one in closure(name, *more) for parts in in_site(packages[one])}:
        (folder / top).symlink_to(site / top)
    sys.path[sys.path.index(str(site))] = str(folder)
    failed = {}
    for module in sorted({*modules(packages[name])} - NOT_IMPORTED):
        try:
            importlib.import_module(module)
        except BaseException as error:
            where = traceback.extract_tb(error.__traceback__)[-1]
            message = f"{error!r} in {where.filename}:{where.lineno}"
            failed[module] = [message, missing(error)]
    with open(writing, "w") as file:
        json.dump(failed, file)
    os._exit(0)


Path("home").mkdir()
os.environ["HOME"] = str(Path("home").absolute())
for path in (prefix / "share/rootstock/sets").glob("*.json"):
    os.environ |= json.loads(path.read_text())["check_env"]
owner = {module: name for name, record in packages.items() for module in modules(record)}
failed = {}
for name, record in packages.items():
    if not {*modules(record)} - NOT_IMPORTED:
        continue
    faults = imported(name, Path("only", name).absolute())
    wanted = {owner.get(module, name) for _, module in faults.values()}
    if faults and all(name in closure(one) and one != name for one in wanted):
        faults = imported(name, Path("with", name).absolute(), *wanted)
    if faults:
        failed[name] = faults
assert not failed, json.dumps(failed, indent=1)
