"""Images from the mirror this machine has: pinned, unpacked, and pinned anew when they must be."""

import os
import shutil
from pathlib import Path

import pytest

from rootstock.core import process, seal
from rootstock.core.errors import SourceError
from rootstock.core.progress import Event, silent
from rootstock.core.store import Store, locate
from rootstock.image.bytecode import compile_modules
from rootstock.image.debian import Gone, ensure, load_spec, read_lock, relock, write_lock
from rootstock.image.engines import Sandbox
from rootstock.image.engines.choose import choose
from rootstock.sources import apt
from rootstock.sources.apt import Pin

from .conftest import CHECKOUT

pytestmark = pytest.mark.system


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    for suffix in (".yaml", ".lock"):
        shutil.copy(CHECKOUT / f"ci/images/bare{suffix}", tmp_path)
    return tmp_path / "bare.yaml"


def test_the_bare_system_runs_and_is_bare(store: Store, bare: Path) -> None:
    image = ensure(bare, store, silent)
    sandbox = Sandbox(root=image.root, env={"PATH": "/usr/bin:/bin"})
    script = (
        "ls /lib/x86_64-linux-gnu/libc.so.6; for p in cc gcc ld python3; do command -v $p; done"
    )
    engine = choose("auto")
    engine.prepare(image.root)
    done = process.run(engine.command(sandbox, ["sh", "-c", f"{script}; ls /usr/include | wc -l"]))
    assert done.output.split() == ["/lib/x86_64-linux-gnu/libc.so.6", "0"], done.output


def test_python_starts_with_its_modules_compiled() -> None:
    store = locate()
    store.prepare()
    image = ensure(CHECKOUT / "ci/images/build.yaml", store, silent)
    with store.scratch("compiled") as folder:  # where a hard link of the image's files can be
        root = folder / "root"
        shutil.copytree(
            image.root,
            root,
            symlinks=True,
            copy_function=os.link,
            ignore=shutil.ignore_patterns("__pycache__"),
        )
        assert _not_compiled(root)
        assert compile_modules(root) == ""
        # This one is an absolute link, which is another file outside of the image.
        lacking = [name for name in _not_compiled(root) if "sitecustomize" not in name]
        assert lacking == []


def _not_compiled(root: Path) -> list[str]:
    """The modules that a start of Python in an image has to compile."""
    asked = (
        "import sys, zipfile, subprocess, os.path\n"
        "files = [getattr(m, '__cached__', None) for m in list(sys.modules.values())]\n"
        "print('\\n'.join(f for f in files if f and not os.path.exists(f)))"
    )
    engine = choose("auto")
    engine.prepare(root)
    sandbox = Sandbox(root=root, env={"PATH": "/usr/bin:/bin"})
    done = process.run(engine.command(sandbox, ["python3", "-c", asked]))
    assert done.code == 0, done.output
    return done.output.split()


def test_an_image_is_made_once(store: Store, bare: Path) -> None:
    first = ensure(bare, store, silent)
    events: list[Event] = []
    assert ensure(bare, store, events.append, offline=True) == first
    assert [event.state for event in events] == ["kept"]


def test_a_damaged_image_is_made_again(store: Store, bare: Path) -> None:
    made = ensure(bare, store, silent)
    (made.root / "bin/dash").unlink()
    events: list[Event] = []
    assert ensure(bare, store, events.append) == made
    [note] = [event.detail for event in events if event.state == "note"]
    assert f"{made.root.parent} is damaged" in note
    assert (made.root / "bin/dash").is_file()
    assert seal.holds(made.root)


def pin(new: Pin, path: Path) -> None:
    """Have the lock of an image pin another version of a package."""
    lock = path.with_suffix(".lock")
    write_lock([new if old.name == new.name else old for old in read_lock(lock)], lock)


def test_a_version_that_only_the_pool_has_comes_from_there(store: Store, bare: Path) -> None:
    # Of Debian 12, which the index of Debian 11 does not have, and the pool of both has.
    [dash] = apt.resolve(apt.open_suite(store, "bookworm"), ["dash"], closure=False)
    pin(dash, bare)
    image = ensure(bare, store, silent)
    assert image.digest == load_spec(bare, store).digest
    shell = (image.root / "bin/dash").read_bytes()
    shutil.copy(CHECKOUT / "ci/images/bare.lock", bare.parent)
    assert (ensure(bare, store, silent).root / "bin/dash").read_bytes() != shell


def test_a_version_that_is_gone_is_an_error_and_resolved_again_only_if_asked(
    store: Store, bare: Path
) -> None:
    pin(Pin("dash", "0.0-0", 1, "a" * 64), bare)
    pinned = load_spec(bare, store)
    with pytest.raises(Gone, match=r"dash 0\.0-0, now 0\.5"):
        ensure(bare, store, silent)
    assert not any((store.root / "images").iterdir())
    assert load_spec(bare, store, relocked=True) == pinned

    events: list[Event] = []
    image = relock(bare, store, events.append)
    [note] = [event.detail for event in events if event.state == "note"]
    assert "no longer has" in note and "dash 0.0-0 -> " in note
    assert image.digest != pinned.digest
    assert ensure(bare, store, silent, relocked=True, offline=True) == image
    assert relock(bare, store, silent, offline=True) == image
    with pytest.raises(Gone):
        ensure(bare, store, silent)


def test_a_package_with_other_bytes_is_refused(store: Store, bare: Path) -> None:
    lock = bare.with_suffix(".lock")
    forged = [Pin(p.name, p.version, p.size, "0" * 64) for p in read_lock(lock)]
    write_lock(forged, lock)
    with pytest.raises(SourceError, match="pins"):
        ensure(bare, store, silent)
    assert not any((store.root / "images").iterdir())
    assert not any((store.root / "tmp").iterdir())
