"""The paths of a channel's files in its folder.

```
channel/
  linux-64/
    root-6.40.00-h0_0.conda        packages: each file once, never overwritten, never removed
    shards/<sha256>.msgpack.zst    shards, which are named by their content: the same
    repodata.json                  -> ../.rootstock/current/linux-64/repodata.json
    repodata.json.zst              -> (likewise, repodata_shards.msgpack.zst, run_exports.json and
                                   run_exports.json.zst)
  noarch/                          the same
  releases/0002/                   the files of the release of generation 2; never changed
  releases.json                    -> .rootstock/current/releases.json
  index.html                       -> .rootstock/current/index.html
  channel.yaml                     title, description and address, written by people
  .rootstock/
    lock                           the lock of the writer
    current                        -> generations/0002
    generations/0002/              generation.json, releases.json, linux-64/repodata.json, ...
```
Packages that no index names, and releases that releases.json does not name, are invisible.
"""

from dataclasses import dataclass
from pathlib import Path

META_DIR = ".rootstock"
RECORD = "generation.json"
RELEASES = "releases"
RELEASES_TABLE = "releases.json"
PAGE = "index.html"
SETTINGS = "channel.yaml"
STAGING = "staging"  # in META_DIR: the index that a copy will show
NOARCH = "noarch"  # the subdir that every channel must have


def release_dir(number: int) -> str:
    """The path of a release's folder in the channel's."""
    return f"{RELEASES}/{number:04d}"


def current_target(number: int) -> str:
    """The target of the link `current` while readers see a generation."""
    return f"generations/{number:04d}"


def link_target(path: str) -> str:
    """The target of a link of the channel's top folder: the file of the current generation."""
    return f"{META_DIR}/current/{path}"


@dataclass(frozen=True)
class Layout:
    """The paths of a channel whose folder is `root`."""

    root: Path

    def __str__(self) -> str:
        return str(self.root)

    @property
    def meta(self) -> Path:
        """The folder that only rootstock reads."""
        return self.root / META_DIR

    @property
    def lock(self) -> Path:
        """The file that the one writer locks."""
        return self.meta / "lock"

    @property
    def current(self) -> Path:
        """The link to the generation that readers see."""
        return self.meta / "current"

    @property
    def generations(self) -> Path:
        """The folder of all generations."""
        return self.meta / "generations"

    def generation(self, number: int) -> Path:
        """The folder with the record and the indexes of a generation."""
        return self.generations / f"{number:04d}"

    def record(self, number: int) -> Path:
        """The record of a generation."""
        return self.generation(number) / RECORD

    def release(self, number: int) -> Path:
        """The folder with the files of a generation's release."""
        return self.root / release_dir(number)

    def package(self, subdir: str, filename: str) -> Path:
        """A package's file."""
        return self.root / subdir / filename
