from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from rootstock.channel.reader import Channel
from rootstock.core.errors import SourceError, UsageError
from rootstock.release import vulnerabilities
from rootstock.release.build import ReleaseInputs

from ..conftest import CELL, Released, smoked
from .test_vex import EXAMINED, SAME

LOW = "low-1.0-h0_0.conda"
FOUND = {LOW: EXAMINED, "pure-1.0-h0_0.conda": SAME}


def test_what_is_open_is_apart_from_what_is_fixed(publish: Callable[..., Released]) -> None:
    found = vulnerabilities.of_channel(Channel.at(publish(examined=FOUND).channel))
    assert [(one.cve, one.package, one.build) for one in found.open] == [
        ("CVE-2026-0004", "low", "h0_0"),
        ("CVE-2026-0004", "pure", "h0_0"),
    ]
    assert [one.cve for one in found.patched] == ["CVE-2026-0001", "CVE-2026-0002"]
    assert [one.cve for one in found.harmless] == ["CVE-2026-0003"]
    assert (found.later, found.untracked) == ({"low": "1.1-1 1.0-3"}, ("top",))


def test_later_revisions_are_those_of_all_versions_of_a_package(
    publish: Callable[..., Released], inputs: ReleaseInputs, package: Any
) -> None:
    publish(examined={LOW: replace(EXAMINED, later=("1.1-1", "1.0-3"))})
    new = package("low", "2.0", key="k5")
    [cell] = inputs.cells
    artifacts = [new if one.filename == LOW else one for one in cell.artifacts]
    made = publish(
        number=2,
        cells=[replace(cell, artifacts=artifacts, smoke=smoked(artifacts[:3]))],
        audits={**inputs.audits, new.filename: replace(inputs.audits[LOW], filename=new.filename)},
        examined={new.filename: replace(EXAMINED, later=("2.1-1", "1.1-1"))},
    )
    found = vulnerabilities.of_channel(Channel.at(made.channel))
    assert sorted(found.later["low"].split()) == ["1.0-3", "1.1-1", "2.1-1"]


def test_a_damaged_sbom_is_an_error(publish: Callable[..., Released]) -> None:
    made = publish(examined=FOUND)
    (made.folder / f"{CELL.id}.cdx.json").write_text("{}")
    with pytest.raises(SourceError, match="is damaged"):
        vulnerabilities.of_channel(Channel.at(made.channel))


def test_a_channel_without_releases_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="has no releases"):
        vulnerabilities.of_channel(Channel.at(tmp_path))
