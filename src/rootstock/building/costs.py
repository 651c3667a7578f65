"""The costs of builds: the seconds and the memory of each package's last build.

`ci/durations.json` has them for a machine that has not built anything yet; each machine records its
own in the store:

```
{"openssl": {"seconds": 234.1, "megabytes": 310}, ...}
```
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from rootstock.core.progress import Event, Listener
from rootstock.core.store import Store

_MEGABYTE = 1_000_000
_GUESS = 20.0  # seconds, where nothing was ever built


@dataclass(frozen=True, kw_only=True)
class Cost:
    """The cost of a build: seconds, and bytes of memory at its peak (0: unknown)."""

    seconds: float
    memory: int = 0


def load(*paths: Path, listen: Listener) -> dict[str, Cost]:
    """Return the costs by package name in some files, of which a later one takes precedence.

    It skips missing files, and also unreadable ones, which it reports to `listen`: costs only
    decide an order.
    """
    costs: dict[str, Cost] = {}
    for path in paths:
        try:
            costs |= {
                name: Cost(
                    seconds=float(entry["seconds"]),
                    memory=int(entry.get("megabytes", 0)) * _MEGABYTE,
                )
                for name, entry in json.loads(path.read_text()).items()
            }
        except FileNotFoundError:
            continue
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            message = f"{path} is damaged: the order of builds changes"
            listen(Event(stage="build", state="note", detail=message))
    return costs


def remember(new: Mapping[str, Cost], store: Store, listen: Listener) -> None:
    """Record the costs of packages on this machine; where memory is 0, keep the old value."""
    old = load(store.durations, listen=listen)
    costs = dict(old)
    for name, cost in new.items():
        known = old[name].memory if name in old else 0
        costs[name] = replace(cost, memory=cost.memory or known)
    lines = [f' "{name}": {json.dumps(_entry(cost))}' for name, cost in sorted(costs.items())]
    store.write(store.durations, "{\n" + ",\n".join(lines) + "\n}\n")


def _entry(cost: Cost) -> dict[str, float]:
    seconds = {"seconds": round(cost.seconds, 1)}
    # Rounded up: a small value must not count as unknown.
    return {**seconds, "megabytes": -(-cost.memory // _MEGABYTE)} if cost.memory else seconds


def estimate(names: Mapping[str, str], recorded: Mapping[str, Cost]) -> dict[str, Cost]:
    """Estimate the cost of each build, by its id; `names` are their packages.

    Costs that were never recorded default to the median.
    """
    import statistics  # it imports decimal and fractions, and most runs build nothing

    seconds = [cost.seconds for cost in recorded.values()] or [_GUESS]
    memories = [cost.memory for cost in recorded.values() if cost.memory] or [0]
    typical = Cost(seconds=statistics.median(seconds), memory=int(statistics.median(memories)))
    found = {id_: recorded.get(name, typical) for id_, name in names.items()}
    return {
        id_: cost if cost.memory else replace(cost, memory=typical.memory)
        for id_, cost in found.items()
    }
