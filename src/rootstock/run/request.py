"""The request for a run, from the options of the command line."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from rootstock.building.limits import Limits, default_memory
from rootstock.channel.release_model import Release
from rootstock.core.checkout import Checkout
from rootstock.image import profiles
from rootstock.image.profiles import Profile
from rootstock.release.builders import Builders
from rootstock.release.keys import KeyFile
from rootstock.smoke.systems import OLDEST, SystemEntry
from rootstock.suites.suite import Deep

DEFAULT_LEVEL = 9  # zstd: root-core in seconds; a release asks for 19


@dataclass(frozen=True, kw_only=True)
class Request:
    """The request for a run.

    `axes` are the values by which cells are chosen, by the name of the axis. Their environments
    also hold the `sets` of the stack and the `packages` (match specs). `url` is the public
    address of the channel, if it is known. `key` signs the release. `deep` asks for the packages'
    own tests. `relock` resolves an image again if one of its pinned packages is gone. `builders`
    must stand behind what is promoted. `against` is a release of another builder: only those of its
    packages are built that have the same build key here. Smoke tests run on each of `systems`, the
    packages' own tests on the first.
    """

    checkout: Checkout
    axes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    local_pythons: tuple[str, ...] = ()
    only: tuple[str, ...] = ()
    sets: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()
    channel: Path = Path("channel")
    profile: Profile = profiles.DEFAULT
    engine: str = "auto"
    workers: int = 0
    level: int = DEFAULT_LEVEL
    limits: Limits = field(default_factory=lambda: Limits(memory=default_memory()))
    keep_going: bool = False
    retry: bool = False
    relock: bool = False
    offline: bool = False
    url: str = ""
    key: KeyFile | None = None
    deep: Deep | None = None
    builders: Builders | None = None
    against: Release | None = None
    systems: tuple[SystemEntry, ...] = (OLDEST,)
