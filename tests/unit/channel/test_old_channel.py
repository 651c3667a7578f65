"""A channel that rootstock 0.1.0 made is read, verified, added to and taken back.

Its commands made `tests/data/channel-0.1.0.tar.gz` from the small checkout of the system tests. The
first was a signed build for 3.11, the second one for 3.11 and 3.13 with another ROOT package. Then
came `rollback`, `rollback --to 2`, and `hide 'root 6.40.* py311*_0' --force`.
"""

import tarfile
from pathlib import Path
from typing import Any

import pytest

from rootstock.channel.page import records
from rootstock.channel.reader import Channel
from rootstock.core.progress import silent
from rootstock.release.check import check

from ...channels import hide, history, load, promote, rollback
from .conftest import listed, note, visible

DATA = Path(__file__).parents[2] / "data/channel-0.1.0.tar.gz"
HIDDEN = "root-6.40.00-py311h60613da_0.conda"
SHOWN = {
    "python-3.11.0-h1e2cec0_0_cp311.conda",
    "python-3.13.0-h56fb83a_0_cp313.conda",
    "root-6.40.00-py311h60613da_1.conda",
    "root-6.40.00-py313h33f8f28_0.conda",
}


@pytest.fixture
def old(tmp_path: Path) -> Path:
    with tarfile.open(DATA) as tar:
        tar.extractall(tmp_path / "channel")  # our own file
    return tmp_path / "channel"


def test_its_generations_are_read(old: Path) -> None:
    past = history(old)
    kinds = [(one.kind, one.base) for one in past.generations[1:]]
    assert kinds == [
        ("promotion", 0),
        ("promotion", 1),
        ("rollback", 1),
        ("rollback", 2),
        ("hiding", 4),
    ]
    assert past.visible() == visible(old) == SHOWN
    assert past.published.keys() == {*SHOWN, HIDDEN}
    assert [one["release"] for one in listed(old)] == [2]


@pytest.mark.parametrize("number", [1, 2])
def test_its_releases_are_whole(old: Path, number: int) -> None:
    verdict = check(Channel.at(old), number, [], silent)
    assert verdict.differences == () and verdict.signer


def test_it_is_shown_and_published(old: Path) -> None:
    contents = records.read(Channel.at(old))
    assert contents.url == "https://example.org/channel"
    assert {build.filename for build in contents.builds} == SHOWN
    snapshot = load(old)
    assert ({package.filename for package in snapshot.packages}, snapshot.releases) == (SHOWN, (2,))


def test_it_is_added_to_and_taken_back(old: Path, package: Any) -> None:
    added = package("three")
    promoted = promote([added], old, cells={"cell": [added.filename]}, release=note)
    assert (promoted.generation.number, promoted.release) == (6, 6)
    assert visible(old) == {*SHOWN, added.filename}
    assert [one["release"] for one in listed(old)] == [2, 6]
    hide(old, ["three"], force=True)
    assert rollback(old, 1).back == (HIDDEN,)
    assert visible(old) == {HIDDEN, "python-3.11.0-h1e2cec0_0_cp311.conda"}
    assert check(Channel.at(old), 1, [], silent).differences == ()
