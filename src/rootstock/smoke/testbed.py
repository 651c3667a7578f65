"""The old and bare system with an engine: what every smoke test is made on."""

from rootstock.core.checkout import Checkout
from rootstock.core.progress import Listener
from rootstock.core.store import Store
from rootstock.image.engines import Engine
from rootstock.image.engines.choose import choose
from rootstock.smoke import systems
from rootstock.smoke.run import System


def prepare(
    checkout: Checkout, engine: str, store: Store, listen: Listener, *, relock: bool = False
) -> tuple[System, Engine]:
    """The system, made where the store has it not, and the engine of a name, ready for it.

    With `relock` it is made by `systems.relock`. Raises what `systems.ensure` and `choose` do.
    """
    chosen = choose(engine)
    make = systems.relock if relock else systems.ensure
    image = make(systems.OLDEST, checkout, store, listen)
    chosen.prepare(image.root)
    return systems.OLDEST.of(image), chosen
