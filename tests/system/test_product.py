"""A second product goes through the same pipeline: other axes, recipes, checks and words.

It is one module; nothing else of rootstock knows of it.
"""

import json
import shutil
from pathlib import Path

import pytest

import rootstock.product
from rootstock.channel.reader import Channel
from rootstock.core.checkout import Checkout
from rootstock.core.errors import UsageError
from rootstock.core.progress import silent
from rootstock.core.store import Store
from rootstock.offline import bundle
from rootstock.offline.selection import choose
from rootstock.release.check import check
from rootstock.run.pipeline import Until, run
from rootstock.run.record import RunRecord
from rootstock.run.request import Request

from ..channels import load
from .conftest import make_bench

pytestmark = pytest.mark.system

PRODUCT = """
import re
from pathlib import Path
from rootstock.product.model import Axis, Check, Product

VERSION = re.compile(r"[0-9]+[.][0-9]+")
PRODUCT = Product(
    name="orchard",
    title="Apple",
    axes=(
        Axis(field="apple", key="apples", title="Apple", package="apple", pattern=VERSION,
             example="1.0", tag=lambda apple: f"apple{apple}",
             variant=lambda apple: {"apple_version": apple}, shortened=True),
        Axis(field="stock", key="stocks", title="Stock", package="stock", pattern=VERSION,
             example="9.1", tag=lambda stock: f"on{stock}",
             variant=lambda stock: {"stock_version": stock}),
    ),
    package="apple",
    headline=("apple",),
    trial="bin/apple",
    checks=(
        Check(name="grows", needs=frozenset({"apple", "stock"})),
        Check(name="pears", needs=frozenset({"pear"})),
    ),
    programs=Path(__file__).with_name("orchard_checks"),
    runner="bin/stock",
)
"""
MATRIX = """
product: orchard
platform: linux-64
stocks: ["9.1", "9.2"]
apples:
  - {version: "1.0", origin: source, stocks: ["9.1"]}
  - {version: "1.1", origin: source, stocks: ["9.1", "9.2"]}
specs: [apple, stock]
variants: {c_stdlib: sysroot, c_stdlib_version: "2.17"}
"""
# What runs the checks in an environment: here it is a shell script of a package's.
RUNNER = """#!/bin/sh
checks=${2%/*}
shift 3
for check; do
    name=${check%%,*}
    sh "$checks/$name.py" > "$name.log" 2>&1
    echo "$name $? 0.01"
done
"""
GROWS = 'test "$(/rootstock/env/bin/apple)" = "apple @ on stock"\n'
STOCK = """
package: {name: stock, version: "${{ stock_version }}"}
source: {path: runner.sh}
build:
  number: 0
  script: ["install -D runner.sh $PREFIX/bin/stock"]
about: {license: MIT, license_file: runner.sh, summary: A shell script}
extra: {rootstock: {origin: source, verified: true}}
"""
APPLE = """
package: {name: apple, version: "${{ apple_version }}"}
source: {path: apple.sh}
build:
  number: 0
  script: ["sed s/@/${{ apple_version }}/ apple.sh > apple; install -D apple $PREFIX/bin/apple"]
requirements: {host: ["stock ${{ stock_version }}.*"], run: ["stock ${{ stock_version }}.*"]}
about: {license: MIT, license_file: apple.sh, summary: A shell script}
extra: {rootstock: {origin: source, verified: true}}
"""


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout of the second product, whose module is found."""
    bench = make_bench(tmp_path)
    shutil.rmtree(bench.checkout / "recipes")
    (bench.checkout / "ci/matrix.yaml").write_text(MATRIX)
    bench.recipe("stock", recipe_yaml=STOCK, runner_sh=RUNNER)
    apple = '#!/bin/sh\necho "apple @ on stock"\n'
    bench.recipe("apple", recipe_yaml=APPLE, apple_sh=apple)
    modules = tmp_path / "modules"
    (modules / "orchard_checks").mkdir(parents=True)
    (modules / "orchard.py").write_text(PRODUCT)
    (modules / "orchard_checks/grows.py").write_text(GROWS.replace("@", "1.1"))
    monkeypatch.setattr(rootstock.product, "__path__", [*rootstock.product.__path__, str(modules)])
    return bench.checkout


def go(checkout: Path, until: Until = "promote", **axes: tuple[str, ...]) -> RunRecord:
    folder = checkout.parent
    request = Request(checkout=Checkout(checkout), axes=axes, channel=folder / "channel")
    record, _ = run(request, Store(folder / "store"), silent, until)
    return record


def test_a_second_product_is_built_tested_and_released(checkout: Path) -> None:
    record = go(checkout, apple=("1",))
    assert record.code == 0, record.error
    cells = {cell.id: (cell.axes, cell.state) for cell in record.cells}
    assert cells == {
        f"apple1.1-on{stock}-linux_x86_64": ({"apple": "1.1", "stock": stock}, "promoted")
        for stock in ("9.1", "9.2")
    }
    for report in record.smoke:
        outcomes = {check["name"]: check["outcome"] for check in report["checks"]}
        assert outcomes == {"grows": "passed", "pears": "not run"}
    folder = checkout.parent / "channel"
    channel = Channel.at(folder)
    text = json.loads((folder / "releases/0001/release.json").read_text())
    assert (text["product"], text["axes"]) == ("orchard", ["apple", "stock"])
    assert text["cells"]["apple1.1-on9.2-linux_x86_64"]["stock"] == "9.2"
    release = channel.release(1)
    assert {cell.product for cell in release.cells.values()} == {"orchard"}
    assert check(channel, 1, [], silent).differences == ()
    page = (folder / "index.html").read_text()
    assert "Apple 1.1" in page and "Stock 9.2" in page and "ROOT" not in page
    assert {package.name for package in load(folder).packages} == {"apple", "stock"}
    assert go(checkout, apple=("1",)).cells[0].state == "unchanged"


def test_a_bundle_says_how_the_second_product_is_installed(checkout: Path) -> None:
    go(checkout, apple=("1.1",), stock=("9.1",))
    target = checkout.parent / "bundle"
    bundle.make(choose(str(checkout.parent / "channel"), "latest", []), target, silent)
    text = (target / "INSTALL.txt").read_text()
    assert "-n analysis apple" in text and "./apple-env/bin/apple" in text
    assert "ROOT" not in text and "python" not in text


def test_a_check_of_the_second_product_that_fails_is_reported(checkout: Path) -> None:
    record = go(checkout, "smoke", apple=("1.0",))
    assert record.code == 1
    assert [cell.state for cell in record.cells] == ["failed"]
    assert "grows" in record.error


def test_a_matrix_that_names_no_product_is_refused_with_its_line(checkout: Path) -> None:
    matrix = checkout / "ci/matrix.yaml"
    matrix.write_text(matrix.read_text().replace("product: orchard", "product: meadow"))
    with pytest.raises(UsageError, match=r"matrix\.yaml:2: there is no product .meadow."):
        go(checkout)
