"""Fetch the files, and have them read in an environment by each reader."""

from __future__ import annotations

import os
import subprocess
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import tomlkit

from rootstock.core.checkout import Checkout
from rootstock.core.store import Store
from rootstock.sources import fetch, source

from . import compare

HERE = Path(__file__).parent
CHECKOUT = HERE.parents[2]
# The readers by their names in read.py, as the page calls them.
READERS = {
    "pyroot": "PyROOT",
    "uproot": "uproot",
    "as_numpy": "`AsNumpy`",
    "root_numpy": "root_numpy",
}


def files(store: Store, into: Path) -> list[Path]:
    """Write the ROOT files of `sources.toml` into a folder; the store keeps what they come in."""
    listed = tomlkit.parse((HERE / "sources.toml").read_text()).unwrap()["source"]
    wanted = [source.source_of(entry) for entry in listed]
    registry = fetch.load_registry(Checkout(CHECKOUT).sources)
    fetch.fetch(wanted, registry, store, lambda event: None)
    for one in wanted:
        for name, content in _members(source.path_in(store, one)):
            with (into / PurePosixPath(name).name).open("xb") as file:
                file.write(content)
    return sorted(into.iterdir())


def _members(archive: Path) -> Iterator[tuple[str, bytes]]:
    """The ROOT files of a wheel or a source distribution, with their names."""
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as wheel:
            for name in wheel.namelist():
                if name.endswith(".root"):
                    yield name, wheel.read(name)
        return
    with tarfile.open(archive) as sdist:
        for member in sdist:
            if member.name.endswith(".root") and (content := sdist.extractfile(member)):
                yield member.name, content.read()


def read(python: Path, paths: list[Path], folder: Path) -> compare.Found:
    """What each reader has of files, by reader and column; the readers write into a folder."""
    env = {"PATH": os.defpath, "HOME": str(folder), "PYTHONPATH": str(CHECKOUT / "tests")}
    found: compare.Found = {}
    for reader in READERS:
        out = folder / f"{reader}.jsonl"
        argv = [str(w) for w in (python, "-s", "-m", "nightly.files.read", reader, out, *paths)]
        subprocess.run(argv, cwd=folder, env=env, check=True)
        found[reader] = compare.load(out)
    return found
