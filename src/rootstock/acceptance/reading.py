"""Reads the acceptance tests of a checkout: the folders tests/acceptance/NAME/.

Each has a program, the files that it needs, and a description:

    title = "The Z peak"           # what it is
    needs = ["numpy"]              # packages without which it is not run
    time_limit = 60                # seconds; 120 if not given

    [tolerance]                    # a number that is not here must not change at all
    mass = {absolute = 0.01}
    sum = {relative = 1e-9}

    [[accepted]]                   # a changed number that is right
    number = "mass"
    value = 91.19                  # without it, the number is no longer written
    why = "The calibration of 2026"
"""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import tomlkit
from tomlkit.exceptions import TOMLKitError

from rootstock.acceptance.model import FILE, LIMIT, AcceptanceTest, Accepted, Tolerance
from rootstock.acceptance.numbers import number
from rootstock.core import names, shape
from rootstock.core.errors import UsageError
from rootstock.core.names import listed, quoted

_EXAMPLE = "Write it like [tolerance] and mass = {absolute = 0.01} or mass = {relative = 1e-6}."
_ACCEPTED = 'Write it like [[accepted]], number = "mass", value = 91.19 and why = "the reason".'


def load(folder: Path, programs: Sequence[str]) -> tuple[AcceptanceTest, ...]:
    """Read the tests in a folder, by name; none where there is no such folder.

    `programs` are the names that the program of a test may have. Raises `UsageError`, which says
    what is wrong and where.
    """
    try:
        folders = sorted(path for path in folder.iterdir() if path.is_dir())
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise UsageError(f"{folder} cannot be read: {error.strerror}") from error
    return tuple(_test(path, programs) for path in folders if path.name != "__pycache__")


def _test(folder: Path, programs: Sequence[str]) -> AcceptanceTest:
    path = folder / FILE
    try:
        names.cell(folder.name)  # its logs are named so
    except names.NotAllowed as error:
        raise UsageError(
            f"{folder} cannot be the name of a test", "Use letters, digits, '.', '_' and '-'."
        ) from error
    found = [name for name in programs if (folder / name).is_file()]
    if len(found) != 1:
        has = f"both {listed(found, ' and ')}" if found else f"no {listed(programs, ' or ')}"
        raise UsageError(f"{folder} has {has}", "An acceptance test has one program.")
    top = _table(path)
    known = ("title", "needs", "time_limit", "tolerance", "accepted")
    if strange := [key for key in top if key not in known]:
        raise UsageError(f"{path} has the unknown key {strange[0]}", f"Known: {listed(known)}")
    return AcceptanceTest(
        name=folder.name,
        title=_text(path, top, "title"),
        folder=folder,
        program=found[0],
        needs=_needs(path, top.get("needs", [])),
        limit=_amount(path, "time_limit", top.get("time_limit", LIMIT), "Write seconds: 120."),
        tolerance=_tolerances(path, top.get("tolerance", {})),
        accepted=_accepted(path, top.get("accepted", [])),
    )


def _table(path: Path) -> Mapping[str, Any]:
    try:
        return tomlkit.parse(path.read_text()).unwrap()
    except FileNotFoundError as error:
        raise UsageError(
            f"{path} is missing", f'Write at least: title = "what {path.parent.name} tests"'
        ) from error
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from error
    except (TOMLKitError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} is not TOML: {error}") from error


def _text(path: Path, table: Mapping[str, Any], key: str) -> str:
    """Read a line of text that must be there."""
    value = table.get(key)
    try:
        if names.line(value).strip():
            return str(value)
    except names.NotAllowed as error:
        if value is not None:
            raise UsageError(f"{path}: {key}: {error}") from error
    raise UsageError(f"{path} has no {key}", f'Write {key} = "..."')


def _needs(path: Path, value: Any) -> tuple[str, ...]:
    try:
        return shape.items(names.package_name)(value)
    except ValueError as error:
        raise UsageError(
            f"{path}: needs: {error}", 'Write names of packages: needs = ["numpy", "pandas"].'
        ) from error


def _amount(path: Path, where: str, value: Any, remedy: str) -> float:
    """Read a number that is greater than 0."""
    if type(value) not in (int, float) or not 0 < value < math.inf:
        raise UsageError(f"{path}: {where} is {quoted(value)}, not a number above 0", remedy)
    return float(value)


def _tolerances(path: Path, table: Any) -> dict[str, Tolerance]:
    if not isinstance(table, Mapping):
        raise UsageError(f"{path}: tolerance is not a table", _EXAMPLE)
    found = {}
    for name, one in table.items():
        where = f"tolerance of {names.plain(name)}"
        if not isinstance(one, Mapping) or not one or one.keys() - {"absolute", "relative"}:
            raise UsageError(f"{path}: the {where} is {quoted(one)}", _EXAMPLE)
        amounts = {key: _amount(path, f"{key} {where}", one[key], _EXAMPLE) for key in one}
        found[name] = Tolerance(**amounts)
    return found


def _accepted(path: Path, tables: Any) -> tuple[Accepted, ...]:
    found = []
    for table in tables if isinstance(tables, list) else [tables]:
        if not isinstance(table, Mapping) or table.keys() - {"number", "value", "why"}:
            raise UsageError(f"{path}: accepted has {quoted(table)}", _ACCEPTED)
        try:
            value = number(table["value"]) if "value" in table else None
        except ValueError as error:
            raise UsageError(f"{path}: accepted: {error}", _ACCEPTED) from error
        texts = {key: _text(path, table, key) for key in ("number", "why")}
        found.append(Accepted(**texts, value=value))
    return tuple(found)
