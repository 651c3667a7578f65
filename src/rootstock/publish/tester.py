"""The smoke tests of what is about to be published, installed from where it was put."""

from collections.abc import Mapping
from pathlib import Path

from rootstock.channel.release_model import Cell
from rootstock.core.progress import Event, Listener
from rootstock.core.store import Store
from rootstock.image import debian
from rootstock.image.engines.choose import choose
from rootstock.publish.publish import Smoke
from rootstock.smoke.run import OLD_SYSTEM, System, smoke


def tester(
    checkout: Path, engine: str, store: Store, logs: Path, listen: Listener, *, relock: bool
) -> Smoke:
    """What tests cells on the old and bare system of a checkout; an engine isolates them.

    With `relock` that system is made by `debian.relock`.

    It raises `SmokeFailed` when one does not work, and what making its environment raises.
    """

    def test(cells: Mapping[str, Cell], url: str) -> None:
        chosen = choose(engine)
        have = debian.relock if relock else debian.ensure
        image = have(checkout / "ci/images/bare.yaml", store, listen)
        chosen.prepare(image.root)
        system = System(OLD_SYSTEM, image.root, image.digest)
        listen(Event(stage="smoke", state="start", total=len(cells)))
        for name, cell in cells.items():
            smoke(
                name,
                cell.specs,
                url,
                system=system,
                engine=chosen,
                store=store,
                logs=logs / name,
                listen=listen,
            ).raise_for_failure()
        listen(Event(stage="smoke", state="done"))

    return test
