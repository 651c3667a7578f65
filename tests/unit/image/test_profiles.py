"""Profiles: what decides the digest of each, and what the Dockerfile pins."""

import re
import shutil
from pathlib import Path

import pytest

from rootstock.core import seal
from rootstock.core.checkout import Checkout
from rootstock.core.errors import MachineError, SourceError
from rootstock.core.progress import Event, silent
from rootstock.core.store import Store
from rootstock.image import containers, manylinux, profiles

CHECKOUT = Path(__file__).parents[3]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(CHECKOUT / "docker", tmp_path / "docker"))


def test_the_profiles_have_images_of_their_own(tmp_path: Path) -> None:
    store = Store(tmp_path)
    digests = [profiles.digest(name, Checkout(CHECKOUT), store) for name in ("debian", "manylinux")]
    assert len(set(digests)) == 2
    assert all(re.fullmatch("[0-9a-f]{64}", digest) for digest in digests)


@pytest.mark.parametrize("name", ["Dockerfile", "compiler.sh"])
def test_whatever_the_image_is_made_of_decides_its_digest(folder: Path, name: str) -> None:
    before = manylinux.digest(folder)
    assert before == manylinux.digest(CHECKOUT / "docker")
    file = folder / name
    file.write_text(file.read_text() + "#\n")
    assert manylinux.digest(folder) != before


def test_the_base_and_the_sources_are_pinned_by_hash() -> None:
    dockerfile = (CHECKOUT / "docker/Dockerfile").read_text()
    bases = re.findall(r"^FROM (.*)$", dockerfile, re.MULTILINE)
    assert bases and all(re.search(r"@sha256:[0-9a-f]{64}$", base) for base in bases)
    script = (CHECKOUT / "docker/compiler.sh").read_text()
    assert len(re.findall(r"_sha256=[0-9a-f]{64}$", script, re.MULTILINE)) == script.count(" -O ")


def test_the_compiler_is_the_version_that_the_recipes_name() -> None:
    script = (CHECKOUT / "docker/compiler.sh").read_text()
    [version] = re.findall(r"^gcc=gcc-(.*)$", script, re.MULTILINE)
    for name in ("gcc_impl_linux-64", "gcc-runtime-build", "gcc-runtime"):
        recipe = (CHECKOUT / f"recipes/toolchain/{name}/recipe.yaml").read_text()
        assert f'version: "{version}"' in recipe, name


def test_what_cannot_be_built_is_reported(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store(tmp_path / "store")
    monkeypatch.setattr(containers, "why_not", lambda engine: "not today")
    with pytest.raises(SourceError, match="offline"):
        manylinux.ensure(folder, store, silent, offline=True)
    with pytest.raises(MachineError, match="not today") as error:
        manylinux.ensure(folder, store, silent)
    assert "--profile debian" in error.value.remedy


def test_an_image_in_the_store_is_taken(folder: Path, tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    root = store.image(manylinux.digest(folder)) / "root"
    store.prepare()
    (root / "etc").mkdir(parents=True)
    seal.put(root)
    assert manylinux.ensure(folder, store, silent, offline=True).root == root


def test_a_damaged_image_in_the_store_is_not_taken(folder: Path, tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    root = store.image(manylinux.digest(folder)) / "root"
    store.prepare()
    (root / "etc").mkdir(parents=True)
    seal.put(root)
    (root / "etc").rmdir()
    events: list[Event] = []
    manylinux.ensure(folder, store, silent, offline=True, check=False)
    with pytest.raises(SourceError, match="not in the store"):
        manylinux.ensure(folder, store, events.append, offline=True)
    assert [event.state for event in events] == ["note"]
    assert str(root.parent) in events[0].detail
    assert not root.exists()
