"""The inventory: every package that the recipes make, and whether it was ever built."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rootstock.plan import matrix as matrices
from rootstock.plan.match import version_order
from rootstock.plan.recipe import Output
from rootstock.planning import render_all

_ORIGINS = {"source": "compiled", "wheel": "from a wheel", "deb": "from Debian's package"}
_SCOPES = {"channel": "users", "image": "builds only"}


@dataclass(frozen=True, kw_only=True)
class Row:
    """A package in the versions that the matrix asks for; some may never have been built.

    A version that was built for some Pythons only is in `unverified` with the others:
    `6.40.00 for 3.14`.
    """

    package: str
    versions: tuple[str, ...]
    origin: str
    scope: str
    unverified: tuple[str, ...]

    @property
    def cells(self) -> tuple[str, str, str, str, str]:
        """The row as text."""
        origin = _ORIGINS.get(self.origin, self.origin)
        told = f"all but {', '.join(self.unverified)}" if self.unverified else "yes"
        if set(self.unverified) >= set(self.versions):
            told = "no: never built"
        return self.package, ", ".join(self.versions), origin, _SCOPES[self.scope], told


def take(checkout: Path) -> tuple[Row, ...]:
    """Render every recipe of a checkout for its whole matrix; raises as planning does."""
    matrix = matrices.load(checkout / "ci/matrix.yaml")
    made: dict[str, list[Output]] = {}
    for output in render_all(checkout / "recipes", matrix, matrix.cells):
        if output.complete:
            made.setdefault(output.name, []).append(output)
    return tuple(_row(name, made[name]) for name in sorted(made))


def _row(name: str, outputs: Sequence[Output]) -> Row:
    versions = sorted({output.version for output in outputs}, key=version_order)
    unverified = []
    for version in versions:
        same = [output for output in outputs if output.version == version]
        lacking = [output for output in same if not output.verified]
        if len(lacking) == len(same):
            unverified.append(version)
        else:
            unverified += [f"{version} for {_python(output)}" for output in lacking]
    return Row(
        package=name,
        versions=tuple(versions),
        origin=str(outputs[0].extra.get("origin", "")),
        scope=str(outputs[0].extra.get("scope", "channel")),
        unverified=tuple(dict.fromkeys(unverified)),
    )


def _python(output: Output) -> str:
    return output.variant.get("cpython") or output.variant.get("python", "").partition(".*")[0]


def as_markdown(rows: Sequence[Row]) -> str:
    """The table of README.md."""
    lines = ["| package | version | origin | for | built and tested |", "|---|---|---|---|---|"]
    return "\n".join([*lines, *("| " + " | ".join(row.cells) + " |" for row in rows)])
