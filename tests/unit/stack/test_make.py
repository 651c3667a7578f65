"""Versions that a resolver went back to are reported."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from packaging.utils import canonicalize_name

from rootstock.core.errors import UsageError
from rootstock.stack.make import require_age
from rootstock.stack.resolve import Resolved
from rootstock.stack.wanted import PackageSettings, Wanted

BUD = Resolved(
    project="bud",
    version="1.0",
    file="bud-1.0-py3-none-any.whl",
    sha256="0" * 64,
    size=7,
    released=date(2021, 3, 1),
)
NEWEST = replace(BUD, version="4.1", released=date(2026, 3, 1))


def known(**of: PackageSettings) -> Wanted:
    named = {canonicalize_name(name): one for name, one in of.items()}
    return Wanted(path=Path("ci/stack.toml"), sets=(), known=named)


def test_a_version_of_long_ago_needs_a_reason() -> None:
    said = r"orchard, Python 3.11(.|\n)*bud 1\.0 of 2021-03-01; the newest is 4\.1 of 2026-03-01"
    with pytest.raises(UsageError, match=said) as caught:
        require_age([BUD], [NEWEST], known(), "orchard, Python 3.11")
    assert "[packages.NAME]" in caught.value.remedy
    require_age([BUD], [NEWEST], known(bud=PackageSettings(old=True, why="it is the last")), "x")


def test_what_has_had_no_release_since_is_not_old() -> None:
    require_age([BUD], [BUD], known(), "x")
    require_age([BUD], [], known(), "x")
    require_age([replace(BUD, released=date(2024, 3, 2))], [NEWEST], known(), "x")
