"""Profiles: what packages are built in. A profile is an image, a sysroot and a compiler.

The sysroot is a package of ours and the compiler wraps the image's, the same version in each; so
what is left to a profile is its image.
"""

from typing import TYPE_CHECKING, Literal

from rootstock.core.checkout import Checkout
from rootstock.core.progress import Listener
from rootstock.core.store import Store

# What makes the images is imported where it is used: every command knows the profiles' names.
if TYPE_CHECKING:
    from rootstock.image.rootfs import Image

Profile = Literal["debian", "manylinux"]
DEFAULT: Profile = "debian"


def digest(profile: Profile, checkout: Checkout, store: Store, *, relocked: bool = False) -> str:
    """The digest of a profile's image, which needs not be there; `relocked` as in `ensure`."""
    from rootstock.image import debian, manylinux

    if profile == "manylinux":
        return manylinux.digest(checkout.docker)
    return debian.load_spec(checkout.image("build"), store, relocked=relocked).digest


def ensure(
    profile: Profile,
    checkout: Checkout,
    store: Store,
    listen: Listener,
    *,
    relocked: bool = False,
    offline: bool = False,
    check: bool = True,
) -> "Image":
    """Have a profile's image in the store, and return it. Raises what either profile's raises.

    With `relocked` it is of the versions that `relock` has resolved, if it has.
    """
    from rootstock.image import debian, manylinux

    if profile == "manylinux":
        return manylinux.ensure(checkout.docker, store, listen, offline=offline, check=check)
    path = checkout.image("build")
    return debian.ensure(path, store, listen, relocked=relocked, offline=offline, check=check)


def relock(
    profile: Profile, checkout: Checkout, store: Store, listen: Listener, *, offline: bool = False
) -> "Image":
    """As `ensure`, with other versions where the archive no longer has those of the image.

    What the image of `manylinux` is made of is not Debian's, and stays as it is.
    """
    from rootstock.image import debian

    if profile == "manylinux":
        return ensure(profile, checkout, store, listen, offline=offline)
    return debian.relock(checkout.image("build"), store, listen, offline=offline)


def was_relocked(profile: Profile, checkout: Checkout, store: Store) -> bool:
    """Whether `relock` has left other versions of a profile's image in the store."""
    from rootstock.image import debian

    return profile != "manylinux" and debian.relock_path(checkout.image("build"), store).exists()
