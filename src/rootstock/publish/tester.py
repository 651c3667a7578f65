"""The smoke tests of what is about to be published, installed from where it was put."""

from collections.abc import Mapping
from pathlib import Path

from rootstock import product as products
from rootstock.channel.release_model import ReleasedCell
from rootstock.core.checkout import Checkout
from rootstock.core.progress import Event, Listener
from rootstock.core.store import Store
from rootstock.publish.publish import Smoke
from rootstock.smoke import testbed
from rootstock.smoke.run import smoke


def tester(
    checkout: Checkout, engine: str, store: Store, logs: Path, listen: Listener, *, relock: bool
) -> Smoke:
    """What tests cells on the old and bare system of a checkout; an engine isolates them.

    With `relock` that system is made by `systems.relock`.

    It raises `SmokeFailed` when one does not work, and what making its environment raises.
    """

    def test(cells: Mapping[str, ReleasedCell], url: str) -> None:
        system, chosen = testbed.prepare(checkout, engine, store, listen, relock=relock)
        listen(Event(stage="smoke", state="start", total=len(cells)))
        for name, cell in cells.items():
            smoke(
                name,
                cell.specs,
                url,
                product=products.named(cell.product),
                system=system,
                engine=chosen,
                store=store,
                logs=logs / name,
                listen=listen,
            ).raise_for_failure()
        listen(Event(stage="smoke", state="done"))

    return test
