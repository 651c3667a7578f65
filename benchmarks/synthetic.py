"""Checkouts for benchmarks: many small recipes that need each other, built for real."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[1]

MATRIX = """
platform: linux-64
pythons: ["3.13"]
roots: [{{version: "6.40.00", origin: source, pythons: ["3.13"]}}]
specs: [{specs}]
variants: {{c_stdlib: sysroot, c_stdlib_version: "2.17"}}
"""

RECIPE = """
package: {{name: {name}, version: "1.0"}}
build: {{number: 0, script: ["{script}"]}}
requirements: {{host: [{needs}], run: [{needs}]}}
about: {{license: MIT, summary: A package of a benchmark}}
extra: {{rootstock: {{origin: source, verified: true}}}}
"""


def write(
    folder: Path, needs: Mapping[str, Sequence[str]], scripts: Mapping[str, str] | None = None
) -> Path:
    """Write a checkout with a recipe per package of `needs`, and return its folder.

    `needs` are the packages each has in its host environment and runs with, `scripts` the shell
    commands that build them. The one cell holds what nothing else needs.
    """
    wanted = {need for names in needs.values() for need in names}
    tops = [name for name in needs if name not in wanted]
    shutil.copytree(CHECKOUT / "ci/images", folder / "ci/images")
    (folder / "ci/matrix.yaml").write_text(MATRIX.format(specs=", ".join(tops)))
    (folder / "ci/sources.yaml").write_text("{}\n")
    for name, names in needs.items():
        place = folder / "recipes/small" / name
        place.mkdir(parents=True)
        script = (scripts or {}).get(name, "true")
        text = RECIPE.format(name=name, script=script, needs=", ".join(names))
        (place / "recipe.yaml").write_text(text)
    return folder


def layers(count: int, depth: int = 10) -> dict[str, list[str]]:
    """So many packages in ten layers, each of which needs two of the layer below.

    What a package needs in all does not grow with their number, as in a real channel, where new
    packages are new branches.
    """
    width = max(count // depth, 1)
    needs: dict[str, list[str]] = {}
    for number in range(count):
        layer, column = divmod(number, width)
        below = {f"p{layer - 1}-{(column + step) % width}" for step in (0, 1)} if layer else set()
        needs[f"p{layer}-{column}"] = sorted(below)
    return needs
