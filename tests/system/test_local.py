"""An interpreter of the machine stands in for a CPython, and nothing of it is published."""

import json
import shutil
from pathlib import Path

import pytest
from tests.system.conftest import CHECKOUT, WELL, Bench

ELF = b"\x7fELF"
LOCAL = (CHECKOUT / "recipes/base/python-local/recipe.yaml").read_text()
# The interpreter of this bench is a shell script, which patchelf would refuse.
BUILD = """
cp -r bin lib $PREFIX/
cp $RECIPE_DIR/python.sh $PREFIX/bin/python
"""
# Without these, no check applies on a system that is not bare.
NAMED = """
package: {name: NAME, version: "1.0"}
source: {path: one.txt}
build: {number: 0, noarch: generic, script: ["cp one.txt $PREFIX/NAME.txt"]}
about: {license: MIT, license_file: one.txt, summary: A text}
extra: {rootstock: {origin: source, verified: true}}
"""
ABI = (CHECKOUT / "recipes/base/python_abi/recipe.yaml").read_text()


@pytest.fixture
def mine(bench: Bench, tmp_path: Path) -> Path:
    """A make-believe interpreter, and the recipe that packages it."""
    prefix = tmp_path / "opt"
    (prefix / "bin").mkdir(parents=True)
    (prefix / "lib/python3.13").mkdir(parents=True)
    program = prefix / "bin/python3.13"
    program.write_bytes(ELF + b"Python 3.13.7\0")
    (prefix / "lib/python3.13/os.py").write_text("")
    text = LOCAL[: LOCAL.index("tests:")] + LOCAL[LOCAL.index("about:") :]
    bench.recipe("python-local", recipe_yaml=text, build_sh=BUILD, python_sh=WELL)
    bench.recipe("python_abi", recipe_yaml=ABI, LICENSE="MIT")
    for name in ("pyroot", "root-core"):
        bench.recipe(name, recipe_yaml=NAMED.replace("NAME", name), one_txt=name)
    matrix = bench.checkout / "ci/matrix.yaml"
    matrix.write_text(matrix.read_text().replace("python]", "python, pyroot, root-core]"))
    return program


def cells(report: dict[str, list[dict[str, str]]]) -> dict[str, str]:
    return {cell["python"]: cell["state"] for cell in report["cells"]}


def test_a_cell_with_it_is_tried_and_not_promoted(bench: Bench, mine: Path) -> None:
    report = bench.json("build", "--local-python", str(mine))
    assert cells(report) == {"3.11": "promoted", "3.13": "passed"}
    scopes = {node["filename"]: node["scope"] for node in report["nodes"]}
    own = {name for name, scope in scopes.items() if scope == "local"}
    assert any(name.startswith("python-3.13.7-local") for name in own)
    assert any(name.startswith("root-") for name in own)  # it was built with it
    assert not own & bench.packages()
    systems = {smoke["cell"][12:17]: smoke["system"] for smoke in report["smoke"]}
    assert systems == {"cp311": "Debian 11", "cp313": "the build image"}
    [checks] = [s["checks"] for s in report["smoke"] if "cp313" in s["cell"]]
    outcomes = {check["name"]: check["outcome"] for check in checks}
    assert (outcomes["ttree"], outcomes["tls"]) == ("passed", "not run")
    [durations] = (bench.home / "durations").iterdir()
    assert {"python", "python local"} <= json.loads(durations.read_text()).keys()


def test_such_a_cell_alone_is_refused_before_anything_is_built(bench: Bench, mine: Path) -> None:
    done = bench.run("build", "--py", "3.13", "--local-python", str(mine))
    assert done.returncode == 5
    assert "not published" in done.stderr and "rootstock smoke" in done.stderr
    assert not bench.channel.exists()
    assert not list((bench.home / "artifacts").glob("*"))


def test_other_bytes_are_another_package(bench: Bench, mine: Path) -> None:
    def keys() -> set[str]:
        plan = bench.json("plan", "--py", "3.13", "--local-python", str(mine))
        return {node["key"] for node in plan["nodes"] if node["package"] == "python"}

    before = keys()
    moved = mine.parents[1].with_name("moved")
    shutil.copytree(mine.parents[1], moved)
    assert keys() == before
    (mine.parents[1] / "lib/python3.13/os.py").write_text("import sys\n")
    assert not keys() & before


def test_an_interpreter_that_is_not_there(bench: Bench, mine: Path) -> None:
    done = bench.run("plan", "--local-python", str(mine.with_name("python3.12")))
    assert done.returncode == 2
    assert "not an interpreter with its library" in done.stderr
