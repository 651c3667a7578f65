"""The old and bare system with an engine: what every smoke test is made on."""

from rootstock.core.checkout import Checkout
from rootstock.core.progress import Listener
from rootstock.core.store import Store
from rootstock.image import debian
from rootstock.image.engines import Engine
from rootstock.image.engines.choose import choose
from rootstock.image.rootfs import Image
from rootstock.smoke.run import OLD_SYSTEM, System

IMAGE = "bare"  # in ci/images


def system_of(image: Image) -> System:
    """The old and bare system whose root file system is an image."""
    return System(OLD_SYSTEM, image.root, image.digest)


def prepare(
    checkout: Checkout, engine: str, store: Store, listen: Listener, *, relock: bool = False
) -> tuple[System, Engine]:
    """The system, made where the store has it not, and the engine of a name, ready for it.

    With `relock` it is made by `debian.relock`. Raises what `debian.ensure` and `choose` do.
    """
    chosen = choose(engine)
    make = debian.relock if relock else debian.ensure
    image = make(checkout.image(IMAGE), store, listen)
    chosen.prepare(image.root)
    return system_of(image), chosen
