"""What is the same as in a release of another builder, and what is not."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from rootstock.building.artifact import Artifact
from rootstock.channel.reader import Channel
from rootstock.core.errors import VerifyFailed
from rootstock.core.progress import silent
from rootstock.core.store import Store
from rootstock.verify import against
from rootstock.verify.rebuild import PackageVerdict

from ..conftest import Released
from .test_rebuild import keep

LOW = "low-1.0-h0_0.conda"


@pytest.fixture
def store(tmp_path: Path) -> Store:
    made = Store(tmp_path / "store")
    made.prepare()
    return made


def compared(
    released: Released, made: dict[str, Artifact], store: Store
) -> dict[str, PackageVerdict]:
    channel = Channel.at(released.channel)
    found = against.compare_all(channel, released.release, made, store, silent)
    assert not list((store.root / "tmp").iterdir())
    return {verdict.filename: verdict for verdict in found}


def test_a_package_was_built_here_if_its_key_is_the_same(
    released: Released, artifacts: list[Artifact], store: Store
) -> None:
    top, low, *_ = artifacts
    keep(store, top)
    keep(store, replace(low, key="k9"))
    assert against.built(released.release, store).keys() == {top.filename}


def test_the_same_bytes_and_what_was_not_built(
    released: Released, artifacts: list[Artifact], store: Store
) -> None:
    top = artifacts[0]
    found = compared(released, {top.filename: top}, store)
    assert found.keys() == released.release.packages.keys()
    assert found[top.filename].outcome == "same"
    assert {one.outcome for name, one in found.items() if name != top.filename} == {"unknown"}
    against.raise_for_difference([*found.values()], "release 1")


def test_other_bytes_are_shown(
    released: Released, package: Callable[..., Artifact], store: Store
) -> None:
    other = package("low", key="other", files={"share/low.txt": b"x2"})
    one = compared(released, {LOW: other}, store)[LOW]
    assert (one.outcome, one.rebuilt) == ("differs", other.sha256)
    assert one.sha256 == released.release.packages[LOW].sha256
    assert any(found.member == "share/low.txt" for found in one.differences)
    with pytest.raises(VerifyFailed, match=f"1 of 1 packages are not as in release 1: {LOW}"):
        against.raise_for_difference([one], "release 1")


def test_a_published_byte_that_flipped_is_found(
    released: Released, artifacts: list[Artifact], tmp_path: Path, store: Store
) -> None:
    """The release names the sha256 of what was built here, and the file has another."""
    mine = replace(artifacts[1], path=tmp_path / "mine" / LOW)
    mine.path.parent.mkdir()
    shutil.copyfile(artifacts[1].path, mine.path)
    path = released.channel / "linux-64" / LOW
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.unlink()
    path.write_bytes(content)
    one = compared(released, {LOW: mine}, store)[LOW]
    assert one.outcome == "differs" and one.differences
    assert one.message == f"its release names another sha256: {mine.sha256}"
    path.unlink()
    assert "is missing" in compared(released, {LOW: mine}, store)[LOW].message


def test_a_release_that_names_another_sha256_is_not_the_same(
    released: Released, artifacts: list[Artifact], store: Store
) -> None:
    packages = dict(released.release.packages)
    packages[LOW] = replace(packages[LOW], sha256="0" * 64)
    lying = replace(released, release=replace(released.release, packages=packages))
    one = compared(lying, {LOW: artifacts[1]}, store)[LOW]
    assert (one.outcome, one.differences) == ("differs", ())
