"""What an edit rebuilds: exactly what it can change, on a small world like the real one."""

import re
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from rootstock.plan import matrix as matrices
from rootstock.plan.graph import Graph, plan
from rootstock.plan.matrix import Cell
from rootstock.plan.rendering import render_all

from .conftest import BUILDER, ZLIB, World

CHECKOUT = Path(__file__).parents[3]


def label(graph: Graph, id_: str) -> str:
    """A node's name, with what distinguishes it from others of that name."""
    output = graph.nodes[id_].output
    python = output.variant.get("cpython") or output.variant.get("python", "")
    tag = re.match(r"3\.\d+", python)
    apart = output.version if output.name in ("sysroot_linux-64", "root", "root-core") else ""
    if output.name == "pyroot":
        apart = f"{output.version} "
    return " ".join(filter(None, (output.name, apart.strip(), tag[0] if tag else "")))


def rebuilt(before: Graph, after: Graph) -> set[str]:
    """The nodes of a plan whose artifacts the plan before it did not have."""
    had = {node.artifact for node in before.nodes.values()}
    return {label(after, id_) for id_, node in after.nodes.items() if node.artifact not in had}


def both(*names: str) -> set[str]:
    return {f"{name} {python}" for name in names for python in ("3.11", "3.13")}


# What has a Python in its host environment, with all that this Python runs with.
ON_PYTHON = both("numpy", "pyroot 6.40.00")
PYTHON = both("python") | ON_PYTHON
ZLIB_AND_UP = {"zlib"} | PYTHON
OPENSSL_AND_UP = {"openssl"} | PYTHON
ROOT6 = {"root-core 6.40.00", "root 6.40.00"} | both("pyroot 6.40.00")
LIBGCC_AND_UP = {"libgcc", "zlib", "openssl", "root-core 6.40.00"} | PYTHON
SYSROOTS_AND_UP = {"sysroot_linux-64 2.17", "sysroot_linux-64 2.28"} | LIBGCC_AND_UP
APART = {"tzdata", "pip", "gcc_linux-64", "root 6.40.00"} | both("python_abi")
ALL = SYSROOTS_AND_UP | APART

Edit = Callable[[World], object]


def text(name: str, old: str, new: str) -> Edit:
    return lambda world: world.put(name, old, new)


def file(name: str, content: str) -> Edit:
    def edit(world: World) -> None:
        world.path(name).parent.mkdir(parents=True, exist_ok=True)
        world.path(name).write_text(content)

    return edit


def part(name: str, value: str) -> Edit:
    return lambda world: world.parts.update({name: value})


def link(name: str, target: str) -> Edit:
    def edit(world: World) -> None:
        world.path(name).unlink()
        world.path(name).symlink_to(target)

    return edit


def others_sha256(world: World) -> None:
    path = world.path("base/zlib/recipe.yaml")
    path.write_text(path.read_text().replace("sha256: 60dd", "sha256: 70dd"))


def keys_reversed(world: World) -> None:
    """The same recipe with its sections, and those of `extra`, in another order."""
    head, *rest = re.split(r"\n(?=\w)", ZLIB.strip())
    turned = "\n".join([head, *reversed(rest)])
    turned = turned.replace(
        "{origin: source, scope: channel, verified: true}",
        "{verified: true, scope: channel, origin: source}",
    )
    assert turned != ZLIB
    world.path("base/zlib/recipe.yaml").write_text(turned)


def variant(line: str) -> Edit:
    def edit(world: World) -> None:
        path = world.checkout / "ci/matrix.yaml"
        path.write_text(path.read_text() + f"  {line}\n")

    return edit


def taken(name: str) -> Edit:
    """Another package has the file name of this one in the channel."""

    def edit(world: World) -> None:
        [node] = [n for n in world.plan().nodes.values() if n.output.name == name]
        world.published[node.filename] = "another key"

    return edit


def all_published(world: World) -> None:
    world.published.update({n.filename: n.key for n in world.plan().nodes.values()})


RECIPE = "base/zlib/recipe.yaml"
EDITS: Sequence[tuple[str, Edit, set[str]]] = [
    # The files of a recipe's folder. The package carries all of them, in info/recipe.
    ("a patch's bytes", file("base/openssl/own.patch", "--- a\n+++ c\n"), OPENSSL_AND_UP),
    ("a comment in a script", file("base/zlib/build.sh", "# other\n"), ZLIB_AND_UP),
    ("a test script", file("base/zlib/test.sh", "false\n"), ZLIB_AND_UP),
    ("a new file", file("base/zlib/sub/new.txt", "x"), ZLIB_AND_UP),
    ("a patch that is not applied", file("base/zlib/sub/new.patch", "x"), set()),
    ("a removed file", lambda w: w.path("base/zlib/notes.txt").unlink(), ZLIB_AND_UP),
    ("a file's name", lambda w: w.path("base/zlib/notes.txt").rename(w.path("base/zlib/n")),
     ZLIB_AND_UP),
    ("a file becomes a program", lambda w: w.path("base/zlib/build.sh").chmod(0o755), ZLIB_AND_UP),
    ("a file becomes a link", link("base/zlib/notes.txt", "test.sh"), ZLIB_AND_UP),
    ("a umask", lambda w: w.path("base/zlib/build.sh").chmod(0o664), set()),
    ("a script of one output of several", file("root/root6/build-pyroot.sh", "# x\n"), ROOT6),
    ("what editors leave", file("base/zlib/.build.sh.swp", "x"), set()),
    ("what Python leaves", file("base/zlib/__pycache__/a.pyc", "x"), set()),
    ("an empty folder", lambda w: w.path("base/zlib/empty").mkdir(), set()),
    # recipe.yaml
    ("a comment in a recipe", text(RECIPE, "tests:", "# Fast.\ntests:"), set()),
    ("the order of a recipe's keys", keys_reversed, set()),
    ("whether a recipe is verified", text(RECIPE, "verified: true", "verified: false"), set()),
    ("an audit's waiver", text(RECIPE, "verified: true", "audit: []"), ZLIB_AND_UP),
    ("the text about a package", text(RECIPE, "Deflate", "Deflate."), ZLIB_AND_UP),
    ("the text about a leaf", text("base/python_abi/recipe.yaml", "The b", "the b"),
     both("python_abi")),
    ("a version", text(RECIPE, '"1.3.1"', '"1.3.2"'), ZLIB_AND_UP),
    ("a source's sha256", others_sha256, ZLIB_AND_UP),
    ("a source's address", text(RECIPE, "zlib.example", "mirror.example"), set()),
    ("a source's name", text(RECIPE, "zlib-${{", "z-${{"), ZLIB_AND_UP),
    ("a build requirement", text("root/root6/recipe.yaml",
     """requirements:
      build: ["${{ compiler('c') }}", """, """requirements:
      build: [zlib, "${{ compiler('c') }}", """), {"root-core 6.40.00"}),
    ("a host requirement", text("base/openssl/recipe.yaml",
     "  run_exports", "  host: [zlib]\n  run_exports"), OPENSSL_AND_UP),
    ("a run requirement", text("base/python/recipe.yaml", "run: [tzdata]", "run: [tzdata, libgcc]"),
     PYTHON),
    ("a run requirement of a leaf", text("root/root6/recipe.yaml", "run: [numpy, ",
     "run: [numpy, pip, "), both("pyroot 6.40.00")),
    ("a run export", text(RECIPE, "upper_bound='x'", "upper_bound='x.x'"), ZLIB_AND_UP),
    ("a run export nobody has in a build", text("root/root6/recipe.yaml",
     "upper_bound='x.x'", "upper_bound='x'"), {"root-core 6.40.00"}),
    ("a command of a script", text("root/root6/recipe.yaml", "cp licence .", "cp licence . "),
     {"root 6.40.00"}),
    ("a command of a test", text("analysis/numpy/recipe.yaml", "import numpy", "import numpy as n"),
     both("numpy")),
    ("the C library for one recipe",
     file("base/openssl/variants.yaml", 'c_stdlib_version: ["2.28"]\n'), OPENSSL_AND_UP),
    ("the recipe of the C library", file("toolchain/sysroot/build.sh", "x"), SYSROOTS_AND_UP),
    ("the recipe of the compiler", file("toolchain/gcc/build.sh", "x"),
     {"gcc_linux-64", "zlib", "openssl", "root-core 6.40.00"} | PYTHON),
    # ci/matrix.yaml
    ("a pin for all recipes", variant('zlib: "1.3.1"'), PYTHON),
    ("a pin of what no recipe asks for", variant('lapack: "3"'), set()),
    ("another Python", lambda w: w.pythons.append("3.14"),
     {"python 3.14", "python_abi 3.14", "numpy 3.14", "pyroot 6.40.00 3.14"}),
    ("another ROOT", lambda w: w.roots.append("6.42.00"),
     {"root-core 6.42.00", "root 6.42.00"} | both("pyroot 6.42.00")),
    ("one Python less", lambda w: w.pythons.remove("3.11"), set()),
    # What builds.
    ("the image", lambda w: setattr(w, "image", "j"), ALL),
    ("the program in the sandbox", part("inside.py", "cc"), ALL),
    ("the program that packs", part("normalise.py", "cc"), ALL),
    ("the version of py-rattler-build", part("py-rattler-build", "0.74.0"), ALL),
    ("the version of zstandard", part("zstandard", "0.26.0"), ALL),
    ("zstd's level", part("level", "19"), ALL),
    ("the environment of builds", part("environment", "PATH=/bin"), ALL),
    # What is published.
    ("everything is published", all_published, set()),
    ("a name is taken", taken("zlib"), ZLIB_AND_UP),
    ("the name of a leaf is taken", taken("root"), {"root 6.40.00"}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("edit", "expected"), [entry[1:] for entry in EDITS], ids=[entry[0] for entry in EDITS]
)
def test_an_edit_rebuilds_what_it_can_change(world: World, edit: Edit, expected: set[str]) -> None:
    before = world.plan()
    assert {label(before, id_) for id_ in before.nodes} == ALL
    edit(world)
    assert rebuilt(before, world.plan()) == expected


def test_a_file_in_a_recipe_of_this_checkout_rebuilds_its_outputs_and_what_has_them(
    tmp_path: Path,
) -> None:
    shutil.copytree(CHECKOUT / "recipes", tmp_path / "recipes")
    matrix = matrices.load(CHECKOUT / "ci/matrix.yaml")
    outputs = render_all(tmp_path / "recipes", matrix, matrix.cells)

    def now() -> Graph:
        return plan(outputs, matrix.cells, matrix.specs, BUILDER, {})

    before = now()
    for folder in {node.output.folder for node in before.nodes.values()}:
        (folder / "new.txt").write_text("new")
        expected: set[str] = set()
        for id_, node in before.nodes.items():  # dependencies first
            if node.output.folder == folder or expected & set(node.needs):
                expected.add(id_)
        after = now()
        assert expected == {i for i in after.nodes if after.nodes[i].key != before.nodes[i].key}
        (folder / "new.txt").unlink()


def test_each_cell_of_this_checkout_has_the_same_packages_alone_as_among_all() -> None:
    matrix = matrices.load(CHECKOUT / "ci/matrix.yaml")

    def artifacts(cells: Sequence[Cell]) -> set[str]:
        outputs = render_all(CHECKOUT / "recipes", matrix, cells)
        graph = plan(outputs, cells, matrix.specs, BUILDER, {})
        return {node.artifact for node in graph.nodes.values()}

    assert artifacts(matrix.cells) == set().union(*(artifacts([cell]) for cell in matrix.cells))


def test_a_compiler_has_the_same_key_whoever_asks_for_it_first(world: World) -> None:
    before = {node.output.name: node.key for node in world.plan().nodes.values()}
    world.put(
        "root/root6/recipe.yaml",
        """      build: ["${{ stdlib('c') }}"]
      host: [python]""",
        """      build: ["${{ compiler('c') }}", "${{ stdlib('c') }}"]
      host: [python]""",
    )
    after = {node.output.name: node.key for node in world.plan().nodes.values()}
    assert {name for name in after if after[name] != before[name]} == {"pyroot"}
