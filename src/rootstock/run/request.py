"""What a run is asked to do, as the command line gives it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from rootstock.building.limits import Limits, default_memory
from rootstock.core.checkout import Checkout
from rootstock.image import profiles
from rootstock.image.profiles import Profile
from rootstock.release.keys import KeyFile
from rootstock.suites.suite import Deep

DEFAULT_LEVEL = 9  # zstd: root-core in seconds; a release asks for 19


@dataclass(frozen=True, kw_only=True)
class Request:
    """What a run is asked to do.

    `axes` are the values that cells are chosen by, by the name of the axis. `url` is where the
    channel will be public, if that is known; `key` signs the release. `deep` asks for the packages'
    own tests. `relock` takes the images of other versions where the pinned ones are gone.
    """

    checkout: Checkout
    axes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    local_pythons: tuple[str, ...] = ()
    only: tuple[str, ...] = ()
    sets: tuple[str, ...] = ()
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
