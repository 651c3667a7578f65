"""Every Python package is imported with nothing but what it says that it depends on.

The modules of each package are imported in a process whose site-packages has only that package
and what it depends on, directly or through others. So a dependency that a package forgot to
declare shows, although the environment has it. A plugin may want what depends on it: that is there
whenever the plugin is of use. HOME and other variables are as in the check `stack`.
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

# pip tells that it is no library; the other checks prove ROOT.
NOT_IMPORTED = {"pip", "ROOT", "cppyy", "cppyy_backend", "JupyROOT"}

prefix = Path(sys.prefix)
site = next(Path(path) for path in sys.path if path.endswith("site-packages"))
packages: dict[str, dict[str, Any]] = {}
for path in sorted((prefix / "conda-meta").glob("*.json")):
    record = json.loads(path.read_text())
    packages[record["name"]] = record
assert packages, "the environment has no packages"


def in_site(record: dict[str, Any]) -> Iterator[tuple[str, ...]]:
    """The parts of the path of each of a package's files below site-packages."""
    for file in record["files"]:
        with suppress(ValueError):
            yield (prefix / file).relative_to(site).parts


def modules(record: dict[str, Any]) -> Iterator[str]:
    """The modules and packages that a package has at the top of site-packages."""
    for top, *rest in in_site(record):
        if top == "__pycache__" or top.startswith("_"):
            continue
        if rest == ["__init__.py"] or (not rest and top.endswith((".py", ".so"))):
            yield top.partition(".")[0]


def closure(*names: str) -> set[str]:
    """Packages, and all that they depend on, directly or through others."""
    found: set[str] = set()
    left = [*names]
    while left:
        one = left.pop()
        if one in packages and one not in found:
            found.add(one)
            left += [spec.split()[0] for spec in packages[one]["depends"]]
    return found


def missing(error: BaseException | None) -> str:
    """The module at the top of site-packages that an import was to find and did not, or nothing."""
    while error is not None:
        if isinstance(error, ModuleNotFoundError) and error.name:
            return error.name.partition(".")[0]
        error = error.__cause__ or error.__context__
    return ""


def imported(name: str, folder: Path, *more: str) -> dict[str, list[str]]:
    """Import the modules of a package in a process of its own.

    Beside the package there is what it, and `more`, depend on: linked into `folder`. What goes
    wrong is returned by the module: a message, and the module that is missing.
    """
    reading, writing = os.pipe()
    child = os.fork()
    if child:
        os.close(writing)
        with open(reading) as file:
            told = file.read()
        _, status = os.waitpid(child, 0)
        return json.loads(told) if told else {"": [f"ended with status {status}", ""]}
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
            told = f"{error!r} in {where.filename}:{where.lineno}"
            failed[module] = [told, missing(error)]
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
    told = imported(name, Path("only", name).absolute())
    wanted = {owner.get(module, name) for _, module in told.values()}
    if told and all(name in closure(one) and one != name for one in wanted):
        told = imported(name, Path("with", name).absolute(), *wanted)
    if told:
        failed[name] = told
assert not failed, json.dumps(failed, indent=1)
