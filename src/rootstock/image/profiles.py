"""Profiles: what packages are built in. A profile is an image, a sysroot and a compiler.

The sysroot is a package of ours and the compiler wraps the image's, the same version in each; so
what is left to a profile is its image.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from rootstock.core.progress import Listener
from rootstock.core.store import Store

# What makes the images is imported where it is used: every command knows the profiles' names.
if TYPE_CHECKING:
    from rootstock.image.rootfs import Image

Profile = Literal["debian", "manylinux"]
DEFAULT: Profile = "debian"


def digest(profile: Profile, checkout: Path, store: Store) -> str:
    """The digest of a profile's image, which needs not be there."""
    from rootstock.image import debian, manylinux

    if profile == "manylinux":
        return manylinux.digest(checkout / "docker")
    return debian.load_spec(_description(checkout), store).digest


def ensure(
    profile: Profile,
    checkout: Path,
    store: Store,
    listen: Listener,
    *,
    offline: bool = False,
    check: bool = True,
) -> "Image":
    """Have a profile's image in the store, and return it. Raises what either profile's raises."""
    from rootstock.image import debian, manylinux

    if profile == "manylinux":
        return manylinux.ensure(checkout / "docker", store, listen, offline=offline, check=check)
    return debian.ensure(_description(checkout), store, listen, offline=offline, check=check)


def _description(checkout: Path) -> Path:
    return checkout / "ci/images/build.yaml"
