from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import pytest

from rootstock.core.checkout import Checkout
from rootstock.plan.graph import Graph, Node
from rootstock.run.affected import builder_version, cell_keys


@dataclass(frozen=True)
class Keyed:
    key: str


def graph(keys: dict[str, str], **cells: tuple[str, ...]) -> Graph:
    nodes: Any = {id_: Keyed(key) for id_, key in keys.items()}
    return Graph(nodes=cast("dict[str, Node]", nodes), cells=cells)


BOTH = graph({"root": "k1", "py1": "k2", "py2": "k3"}, one=("root", "py1"), two=("root", "py2"))


def test_a_cells_key_changes_with_its_own_packages_only() -> None:
    before = cell_keys(BOTH)
    after = cell_keys(replace(BOTH, nodes=graph({"root": "k1", "py1": "k2", "py2": "k9"}).nodes))
    assert after["one"] == before["one"]
    assert after["two"] != before["two"]
    assert before["one"] != before["two"]


def test_a_cells_key_is_the_same_whatever_else_is_planned_and_in_whichever_order() -> None:
    alone = graph({"py1": "k2", "root": "k1"}, one=("py1", "root"))
    assert cell_keys(alone)["one"] == cell_keys(BOTH)["one"]


def test_a_package_more_is_another_key() -> None:
    more = replace(BOTH, cells={"one": ("root", "py1", "py2")})
    assert cell_keys(more)["one"] != cell_keys(BOTH)["one"]


@pytest.mark.parametrize(
    ("old", "new", "same"),
    [
        ("py-rattler-build==1.0 ; a \\\n    --hash=x", "py-rattler-build==1.0 \\\n", True),
        ("rich==1\npy-rattler-build==1.0 \\\n", "rich==2\npy-rattler-build==1.0 \\\n", True),
        ("py-rattler-build==1.0 \\\n", "py-rattler-build==1.0.1 \\\n", False),
        ("py-rattler-build==1.0 \\\n", "", False),
    ],
)
def test_the_builders_version_is_that_of_the_lock(
    tmp_path: Path, old: str, new: str, same: bool
) -> None:
    versions = []
    for name, text in (("old", old), ("new", new)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "requirements.lock").write_text(text)
        versions.append(builder_version(Checkout(tmp_path / name)))
    assert (versions[0] == versions[1]) is same
