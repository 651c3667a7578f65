from pathlib import Path

import pytest

from rootstock.core.checkout import Checkout
from rootstock.maintain import inventory

MATRIX = """
platform: linux-64
pythons: ["3.9", "3.10"]
roots: [{version: "6.40.00", origin: wheel, pythons: ["3.9", "3.10"]}]
specs: [scion]
variants: {}
"""
SCION = """
package: {name: scion, version: "${{ '1.9' if cpython == '3.9' else '1.10' }}"}
source:
  - if: cpython == "3.9"
    then: {url: "https://example.org/1.9.tgz", sha256: "HASH"}
  - if: cpython == "3.10"
    then: {url: "https://example.org/1.10.tgz", sha256: "HASH"}
extra: {rootstock: {origin: source, verified: VERIFIED}}
"""
GRAFT = """
package: {name: graft, version: "2"}
build: {string: "${{ hash }}_0_cp${{ cpython }}"}
extra: {rootstock: {origin: wheel, verified: VERIFIED}}
"""


def row(folder: Path, recipe: str, verified: str) -> inventory.Row:
    (folder / "ci").mkdir()
    (folder / "ci/matrix.yaml").write_text(MATRIX)
    text = recipe.replace("HASH", "0" * 64).replace("VERIFIED", verified)
    (folder / "recipes/small/one").mkdir(parents=True)
    (folder / "recipes/small/one/recipe.yaml").write_text(text)
    (folder / "recipes/small/one/build.sh").touch()
    [found] = inventory.take(Checkout(folder))
    return found


@pytest.mark.parametrize(
    ("recipe", "verified", "said"),
    [
        (SCION, "true", "yes"),
        (SCION, "false", "no: never built"),
        (SCION, "\"${{ cpython == '3.9' }}\"", "all but 1.10"),
        (GRAFT, "[graft-1*, graft-2-*_cp3.9*]", "all but 2 for 3.10"),
        (GRAFT, "[graft-1*]", "no: never built"),
        (GRAFT, "true", "yes"),
        (GRAFT, "false", "no: never built"),
        (GRAFT, "\"${{ cpython == '3.9' }}\"", "all but 2 for 3.10"),
    ],
)
def test_what_was_never_built_is_reported(
    tmp_path: Path, recipe: str, verified: str, said: str
) -> None:
    assert row(tmp_path, recipe, verified).cells[-1] == said


def test_versions_are_in_their_order(tmp_path: Path) -> None:
    assert row(tmp_path, SCION, "true").versions == ("1.9", "1.10")


def test_a_version_without_a_source_is_none(tmp_path: Path) -> None:
    recipe = SCION.replace('cpython == "3.10"', 'cpython == "3.11"')
    assert row(tmp_path, recipe, "true").versions == ("1.9",)
