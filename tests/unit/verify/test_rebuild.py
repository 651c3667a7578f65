"""Which artifacts words mean, and what verdicts come to; the rebuilding itself is a system test."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from rootstock.building.artifact import Artifact, write_record
from rootstock.channel.reader import Channel
from rootstock.core.checkout import Checkout
from rootstock.core.errors import MachineError, UsageError, VerifyFailed
from rootstock.core.progress import silent
from rootstock.core.store import Store
from rootstock.image import debian, profiles
from rootstock.image.engines.choose import ENGINES
from rootstock.image.rootfs import Image
from rootstock.verify import rebuild
from rootstock.verify.compare import Difference
from rootstock.verify.rebuild import PackageVerdict, raise_for_failure, select, select_all

from ...channels import promote

CHECKOUT = Checkout(Path(__file__).parents[3])
SAME = PackageVerdict(filename="zlib-1-h0_0.conda", outcome="same", sha256="aa", rebuilt="aa")


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


def keep(store: Store, made: Artifact, number: int = 0) -> Artifact:
    """Put a package into the store, as a build does."""
    folder = store.artifact(f"{made.key}-{number}")
    folder.mkdir(parents=True)
    kept = replace(made, path=folder / made.filename)
    shutil.copyfile(made.path, kept.path)
    write_record(kept, folder)
    return kept


def test_a_package_is_found_by_each_of_its_names(
    store: Store, package: Callable[..., Artifact], tmp_path: Path
) -> None:
    zlib = keep(store, package("zlib", key="k1"))
    keep(store, package("bzip2", key="k2"))
    for word in ("zlib", "zlib-1.0-h0_0", "zlib-1.0-h0_0.conda", str(zlib.path)):
        assert select([word], Channel.at(tmp_path / "channel"), store) == [zlib]
    with pytest.raises(UsageError, match="no record of how zstd was built"):
        select(["zstd"], Channel.at(tmp_path / "channel"), store)


def test_what_is_published_comes_before_what_was_built_later(
    store: Store, package: Callable[..., Artifact], tmp_path: Path
) -> None:
    published = keep(store, package("zlib", key="k1"))
    promote([published], tmp_path / "channel", frozenset())
    later = keep(store, package("zlib", key="k2"))
    assert select(["zlib"], Channel.at(tmp_path / "channel"), store) == [published]
    assert select(["zlib"], Channel.at(tmp_path / "other"), store) == [later]
    # A file is what its bytes are.
    assert select([str(later.path)], Channel.at(tmp_path / "channel"), store) == [later]


def test_all_is_the_channel_and_what_it_was_built_with(
    store: Store, package: Callable[..., Artifact], tmp_path: Path
) -> None:
    compiler = keep(store, package("gcc", key="k1", scope="image"))
    zlib = keep(store, package("zlib", key="k2"))
    keep(store, package("bzip2", key="k3"))
    records: dict[str, object] = {
        "inputs.json": {"files": {}},
        "job.json": {},
        "made-from.json": {"sources": [], "needs": ["k1-0"]},
    }
    for name, record in records.items():
        (zlib.path.parent / name).write_text(json.dumps(record))
    promote([zlib], tmp_path / "channel", frozenset())
    assert select_all(Channel.at(tmp_path / "channel"), store) == [zlib, compiler]
    with pytest.raises(UsageError, match="not a channel with packages"):
        select_all(Channel.at(tmp_path / "none"), store)


def test_a_difference_weighs_more_than_what_could_not_be_tried() -> None:
    raise_for_failure([SAME])
    unknown = replace(SAME, outcome="unknown")
    with pytest.raises(MachineError, match="could not be verified: zlib-1"):
        raise_for_failure([SAME, unknown])
    with pytest.raises(VerifyFailed, match="1 of 2 packages differ or failed to build: zlib-1"):
        raise_for_failure([unknown, replace(SAME, outcome="differs")])
    assert VerifyFailed.code == 1


def test_a_difference_is_reported_with_its_member_and_its_lines() -> None:
    found = Difference(member="share/a.txt", what="different text", lines=("-one", "+two"))
    verdict = replace(SAME, outcome="differs", differences=(found,), path="/kept/zlib.conda")
    assert verdict.lines == [
        "zlib-1-h0_0.conda: differs",
        "  share/a.txt: different text",
        "      -one",
        "      +two",
        "  The rebuilt package: /kept/zlib.conda",
    ]


def test_an_image_is_made_again_of_the_lock_that_gives_its_digest(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.prepare()
    path = CHECKOUT.image("build")
    left = debian.relock_path(path, store)
    left.parent.mkdir(parents=True, exist_ok=True)
    debian.write_lock(debian.load_spec(path, store).pins[1:], left)
    digests = [
        profiles.digest("debian", CHECKOUT, store, relocked=relocked) for relocked in (False, True)
    ]
    made = []

    def ensure(*_: object, relocked: bool, offline: bool) -> Image:
        made.append(digests[relocked])
        return Image(name="build", digest=digests[relocked], root=tmp_path)

    monkeypatch.setattr(profiles, "ensure", ensure)
    monkeypatch.setattr(type(ENGINES["unshare"]), "prepare", lambda self, root: None)
    settings = rebuild.RebuildSettings(
        checkout=CHECKOUT,
        profile="debian",
        registry={},
        store=store,
        engine=ENGINES["unshare"],
        logs=tmp_path,
        workers=1,
        offline=True,
    )
    for digest in digests:
        assert rebuild._image(digest, settings, silent) == tmp_path
    assert made == digests
    with pytest.raises(MachineError, match="no longer exists"):
        rebuild._image("0" * 64, settings, silent)
