"""The inventory: every package that the recipes make, and whether it was ever built."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rootstock.pipeline import render_all
from rootstock.plan import matrix as matrices

_ORIGINS = {"source": "compiled", "wheel": "from a wheel", "deb": "from Debian's package"}
_SCOPES = {"channel": "users", "image": "builds only"}


@dataclass(frozen=True, kw_only=True)
class Row:
    """A package in the versions that the matrix asks for."""

    package: str
    versions: tuple[str, ...]
    origin: str
    scope: str
    verified: bool

    @property
    def cells(self) -> tuple[str, str, str, str, str]:
        """The row as text."""
        origin = _ORIGINS.get(self.origin, self.origin)
        told = "yes" if self.verified else "no: never built"
        return self.package, ", ".join(self.versions), origin, _SCOPES[self.scope], told


def take(checkout: Path) -> tuple[Row, ...]:
    """Render every recipe of a checkout for its whole matrix; raises as planning does."""
    matrix = matrices.load(checkout / "ci/matrix.yaml")
    rows: dict[str, Row] = {}
    for output in render_all(checkout / "recipes", matrix, matrix.cells):
        before = rows[output.name].versions if output.name in rows else ()
        extra = output.extra
        rows[output.name] = Row(
            package=output.name,
            versions=tuple(dict.fromkeys((*before, output.version))),
            origin=str(extra.get("origin", "")),
            scope=str(extra.get("scope", "channel")),
            verified=extra.get("verified") is True,
        )
    return tuple(rows[name] for name in sorted(rows))


def as_markdown(rows: Sequence[Row]) -> str:
    """The table of README.md."""
    lines = ["| package | version | origin | for | built and tested |", "|---|---|---|---|---|"]
    return "\n".join([*lines, *("| " + " | ".join(row.cells) + " |" for row in rows)])
