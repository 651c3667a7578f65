"""releases.json: the releases that a channel, or a bundle of it, shows."""

from dataclasses import dataclass

from rootstock.core import names, shape
from rootstock.core.shape import items
from rootstock.release.place import Place

TABLE = "releases.json"


@dataclass(frozen=True, kw_only=True)
class Shown:
    """A release that is shown, with its time and cells; `part` are those a bundle has of it."""

    release: int
    time: str
    cells: tuple[str, ...]
    part: tuple[str, ...]


def read(place: Place) -> tuple[Shown, ...]:
    """The releases that a place shows, in the order of its list.

    Raises `FileNotFoundError` when it has no list, `ValueError` when the list cannot be read,
    and `SourceError` when the place does not answer.
    """
    known = shape.document(place.read(TABLE))
    if not isinstance(known, dict):
        raise ValueError(f"{names.shown(known)} is no object")
    return items(_shown)(known.get("releases"))


def _shown(value: object) -> Shown:
    """A release of the list; what else is said of it is not looked at."""
    known = value if isinstance(value, dict) else {}
    return Shown(
        release=shape.count(known.get("release")),
        time=names.utc_time(known.get("time")),
        cells=items(names.cell)(known.get("cells")),
        part=items(names.cell)(known.get("part", [])),
    )
