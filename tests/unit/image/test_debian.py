from pathlib import Path

import pytest

from rootstock.core.errors import UsageError
from rootstock.core.store import Store
from rootstock.image.debian import Gone, load_spec, read_lock, relock_path, write_lock
from rootstock.sources.apt import Pin

PINS = (Pin("dash", "0.5", 100, "a" * 64), Pin("libc6", "2.31-13", 200, "b" * 64))


@pytest.fixture
def spec_path(tmp_path: Path) -> Path:
    path = tmp_path / "bare.yaml"
    path.write_text("suite: bullseye\nclosure: false\npackages: [dash, libc6]\n")
    write_lock(PINS, path.with_suffix(".lock"))
    return path


def test_a_lock_is_read_as_it_was_written(spec_path: Path) -> None:
    assert read_lock(spec_path.with_suffix(".lock")) == PINS


def test_the_digest_is_of_what_is_in_the_image(spec_path: Path, tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    before = load_spec(spec_path, store).digest
    assert load_spec(spec_path, store).digest == before
    write_lock((PINS[0], Pin("libc6", "2.31-14", 200, "c" * 64)), spec_path.with_suffix(".lock"))
    assert load_spec(spec_path, store).digest != before


def test_what_was_resolved_on_this_machine_counts_only_when_it_is_asked_for(
    spec_path: Path, store: Store
) -> None:
    before = load_spec(spec_path, store)
    assert load_spec(spec_path, store, relocked=True) == before
    left = relock_path(spec_path, store)
    left.parent.mkdir(parents=True, exist_ok=True)
    newer = (PINS[0], Pin("libc6", "2.31-14", 200, "c" * 64))
    write_lock(newer, left)
    assert load_spec(spec_path, store) == before
    assert load_spec(spec_path, store, relocked=True).pins == newer
    write_lock(PINS[:1], spec_path.with_suffix(".lock"))
    assert load_spec(spec_path, store, relocked=True).pins == PINS[:1]


def test_what_is_gone_is_reported_with_what_there_is_now_and_what_to_do(
    spec_path: Path, store: Store
) -> None:
    error = Gone(load_spec(spec_path, store), {PINS[0]: "0.6", PINS[1]: ""})
    assert error.code == 3
    for said in ("bullseye", "image bare", "dash 0.5, now 0.6", "libc6 2.31-13, now none"):
        assert said in error.message
    for said in ("--relock", "rootstock image --lock", "ROOTSTOCK_DEBIAN_MIRROR"):
        assert said in error.remedy


def test_what_is_no_image_is_reported(tmp_path: Path) -> None:
    path = tmp_path / "broken.yaml"
    path.write_text("suite: trixie\n")
    with pytest.raises(UsageError, match=r"broken\.yaml"):
        load_spec(path, Store(tmp_path))
