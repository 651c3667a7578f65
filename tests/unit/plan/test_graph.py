"""What is linked to what, and what changes which build keys, on recipes that are rendered."""

import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from rootstock.core.errors import RecipeError, UsageError
from rootstock.plan.graph import Graph, plan
from rootstock.plan.key import Builder
from rootstock.plan.matrix import Cell
from rootstock.plan.recipe import render
from rootstock.plan.requirement import name_of
from rootstock.product.root import PRODUCT

CELL = Cell(product=PRODUCT, values=("6.40.00", "3.11"), platform="linux-64")
OTHER = Cell(product=PRODUCT, values=("6.40.00", "3.13"), platform="linux-64")
VARIANTS = {
    "c_compiler": ["gcc"],
    "c_compiler_version": ["14"],
    "c_stdlib": ["sysroot"],
    "c_stdlib_version": ["2.17"],
    **{key: [value] for key, value in CELL.variant.items()},
}
BUILDER = Builder(image="i", parts={"inside.py": "f"})

RECIPES = {
    "sysroot": """
package: {name: sysroot_linux-64, version: "2.17"}
requirements: {run_exports: {strong: ["__glibc >=2.17"]}}
""",
    "gcc": """
package: {name: gcc_linux-64, version: "14.2.0"}
requirements:
  run: [sysroot_linux-64]
  run_exports: {strong: [libgcc >=14]}
""",
    "libgcc": 'package: {name: libgcc, version: "14.2.0"}',
    "zlib": """
package: {name: zlib, version: "1.3.1"}
requirements:
  build: ["${{ compiler('c') }}", "${{ stdlib('c') }}"]
  run_exports: ["${{ pin_subpackage('zlib', upper_bound='x') }}"]
""",
    "python": """
context: {tag: "${{ cpython | replace('.', '') }}"}
package: {name: python, version: "${{ cpython }}.2"}
build: {string: "h${{ hash }}_0_cp${{ tag }}"}
requirements: {host: [zlib], run_exports: ["python_abi ${{ cpython }}.* *_cp${{ tag }}"]}
""",
    "python_abi": """
context: {tag: "${{ cpython | replace('.', '') }}"}
package: {name: python_abi, version: "${{ cpython }}"}
build: {noarch: generic, string: "0_cp${{ tag }}"}
""",
    "root6": """
recipe: {name: root6, version: "${{ root_version }}"}
outputs:
  - package: {name: root-core}
    requirements: {build: ["${{ stdlib('c') }}"], host: [zlib]}
  - package: {name: pyroot}
    requirements:
      host: [python, "${{ pin_subpackage('root-core', exact=True) }}"]
      run: [python, "${{ pin_subpackage('root-core', exact=True) }}"]
  - package: {name: root}
    requirements: {run: ["${{ pin_subpackage('pyroot', exact=True) }}"]}
""",
}


NOARCH = """
package: {name: pip, version: "26.0"}
build: {noarch: generic, string: h0_0}
requirements: {run: [python]}
"""


def make(folder: Path, recipes: Mapping[str, str] = RECIPES) -> Path:
    for name, text in recipes.items():
        (folder / name).mkdir(parents=True)
        (folder / name / "recipe.yaml").write_text(text)
        (folder / name / "build.sh").write_text(f"make {name}\n")
    return folder


def plan_of(
    folder: Path,
    published: Mapping[str, str] | None = None,
    builder: Builder = BUILDER,
    specs: Sequence[str] = ("root", "python"),
) -> Graph:
    outputs = [
        output
        for path in sorted(folder.iterdir())
        for output in render(path, VARIANTS, (("python", "cpython"),), "linux-64")
    ]
    return plan(outputs, [CELL], specs, builder, published or {})


def plan_two(folder: Path, specs: Sequence[str] = ("root", "python", "pip")) -> Graph:
    """The plan of two cells with one ROOT."""
    variants = {
        **VARIANTS,
        **{k: [CELL.variant[k], OTHER.variant[k]] for k in ("python", "cpython")},
    }
    outputs = [
        output
        for path in sorted(folder.iterdir())
        for output in render(path, variants, (("python", "cpython"),), "linux-64")
    ]
    return plan(outputs, [CELL, OTHER], specs, BUILDER, {})


def keys(graph: Graph) -> dict[str, str]:
    return {node.output.name: node.key for node in graph.nodes.values()}


def test_the_graph_has_what_the_cell_needs_dependencies_first(tmp_path: Path) -> None:
    graph = plan_of(make(tmp_path))
    order = [node.output.name for node in graph.nodes.values()]
    assert set(order) == {
        "sysroot_linux-64", "gcc_linux-64", "libgcc", "zlib", "python", "python_abi",
        "root-core", "pyroot", "root",
    }  # fmt: skip
    for before, after in [("gcc_linux-64", "zlib"), ("zlib", "python"), ("pyroot", "root")]:
        assert order.index(before) < order.index(after)


def test_run_exports_become_dependencies(tmp_path: Path) -> None:
    graph = plan_of(make(tmp_path))
    by_name = {node.output.name: node for node in graph.nodes.values()}

    def runs(name: str) -> set[str]:
        return {graph.nodes[id_].output.name for id_ in by_name[name].runs}

    assert runs("zlib") == {"libgcc"}
    assert runs("python") == {"zlib"}
    assert runs("pyroot") == {"python", "root-core", "python_abi"}


# A library that is compiled once, and cut into the packages of another recipe.
CUT = {
    "whole": """
package: {name: whole, version: "1.0"}
source: {url: "https://example.org/whole.tgz", sha256: "%s"}
requirements: {build: ["${{ compiler('c') }}"], host: [zlib]}
extra: {rootstock: {scope: image}}
"""
    % ("a" * 64),
    "part": """
package: {name: part, version: "1.0"}
requirements: {build: [whole, "${{ compiler('c') }}"], host: [zlib]}
""",
    "patched": """
package: {name: patched, version: "1.0"}
source: {path: build.sh}
requirements: {build: [whole]}
""",
    "tools": """
package: {name: tools, version: "1.0"}
requirements: {build: ["${{ compiler('c') }}"], run: [part]}
""",
}


def test_a_package_without_a_source_is_a_part_of_what_only_builds_have(tmp_path: Path) -> None:
    graph = plan_of(make(tmp_path, {**RECIPES, **CUT}), specs=("part", "patched", "tools"))
    origins = {
        node.output.name: [output.name for output in graph.origins(id_)]
        for id_, node in graph.nodes.items()
    }
    assert {name: origins[name] for name in CUT} == {
        "whole": ["whole"],
        "part": ["whole"],  # and not zlib: that is a package of its own
        "patched": ["patched"],
        "tools": [],
    }


def test_build_tools_are_not_what_users_install(tmp_path: Path) -> None:
    graph = plan_of(make(tmp_path))
    names = {graph.nodes[id_].output.name for id_ in graph.cells[CELL.id]}
    assert names == {"root", "pyroot", "root-core", "python", "python_abi", "zlib", "libgcc"}


@pytest.mark.parametrize(
    ("tests", "more"),
    [
        ("", set()),
        ("tests: [{package_contents: {files: [a]}}]", set()),
        ("tests: [{script: [a]}]", {"root-core", "python_abi"}),
    ],
)
def test_what_a_package_runs_with_is_built_first_where_its_test_installs_it(
    tmp_path: Path, tests: str, more: set[str]
) -> None:
    recipe = f"""
package: {{name: pyroot, version: "1"}}
requirements: {{host: [python], run: [root-core]}}
{tests}
"""
    core = 'package: {name: root-core, version: "1"}'
    root6 = {"root6": 'package: {name: root, version: "1"}\nrequirements: {run: [pyroot]}'}
    recipes = {**RECIPES, **root6, "pyroot": recipe, "core": core}
    graph = plan_of(make(tmp_path, recipes))
    [pyroot] = (id_ for id_, node in graph.nodes.items() if node.output.name == "pyroot")
    before = {graph.nodes[id_].output.name for id_ in graph.build_prerequisites(pyroot)}
    assert before == {"python", "zlib", "libgcc"} | more


def test_the_same_plan_has_the_same_keys(tmp_path: Path) -> None:
    one, other = make(tmp_path / "one"), make(tmp_path / "other")
    assert keys(plan_of(one)) == keys(plan_of(other))


@pytest.mark.parametrize(
    ("file", "rebuilt"),
    [
        ("root6/build.sh", {"root-core", "pyroot", "root"}),
        ("python/build.sh", {"python", "pyroot"}),
        ("python_abi/new.txt", {"python_abi"}),  # only installed with pyroot
        ("zlib/fix.txt", {"zlib", "python", "root-core", "pyroot"}),
        ("libgcc/build.sh", {"libgcc", "python", "root-core", "pyroot"}),
    ],
)
def test_a_changed_file_changes_just_the_keys_it_reaches(
    tmp_path: Path, file: str, rebuilt: set[str]
) -> None:
    folder = make(tmp_path)
    before = keys(plan_of(folder))
    with (folder / file).open("a") as opened:
        opened.write("more\n")
    after = keys(plan_of(folder))
    assert {name for name in after if after[name] != before[name]} == rebuilt


def test_every_dependency_is_in_the_key_also_two_of_one_name(tmp_path: Path) -> None:
    recipes = {**RECIPES}
    recipes["old-sysroot"] = recipes["sysroot"].replace("2.17", "2.12")
    recipes["gcc"] = RECIPES["gcc"].replace("[sysroot_linux-64]", "[sysroot_linux-64 2.12.*]")
    graph = plan_of(make(tmp_path, recipes))
    [zlib] = [node for node in graph.nodes.values() if node.output.name == "zlib"]
    names = [graph.nodes[id_].output.name for id_ in zlib.needs]
    assert names.count("sysroot_linux-64") == 2
    assert zlib.inputs["dependencies"] == {id_: graph.nodes[id_].artifact for id_ in zlib.needs}


def test_image_and_builder_change_every_key(tmp_path: Path) -> None:
    folder = make(tmp_path)
    before = keys(plan_of(folder))
    for builder in (
        Builder(image="j", parts={"inside.py": "f"}),
        Builder(image="i", parts={"inside.py": "g"}),
    ):
        after = keys(plan_of(folder, builder=builder))
        assert all(after[name] != before[name] for name in before)


def test_build_numbers_are_computed_from_what_is_published(tmp_path: Path) -> None:
    folder = make(tmp_path)
    fresh = plan_of(folder)
    core = next(node for node in fresh.nodes.values() if node.output.name == "root-core")
    assert core.number == 0
    same = plan_of(folder, {core.filename: core.key})
    assert {node.number for node in same.nodes.values()} == {0}
    other = plan_of(folder, {core.filename: "another key"})
    moved = next(node for node in other.nodes.values() if node.output.name == "root-core")
    assert (moved.number, moved.key) == (1, core.key)
    assert moved.build == core.build[:-1] + "1"
    pyroot = next(node for node in other.nodes.values() if node.output.name == "pyroot")
    assert f"root-core ==6.40.00 {moved.build}" in pyroot.recipe["requirements"]["run"]


def test_a_build_number_is_in_the_keys_of_what_is_built_with_it(tmp_path: Path) -> None:
    # A package names the files it was built with: zlib_1 in the place of zlib_0 is another byte.
    folder = make(tmp_path)
    before = keys(plan_of(folder))
    [zlib] = [node for node in plan_of(folder).nodes.values() if node.output.name == "zlib"]
    after = keys(plan_of(folder, {zlib.filename: "another key"}))
    changed = {name for name in after if after[name] != before[name]}
    assert changed == {"python", "root-core", "pyroot"}


def test_build_strings_have_their_number_where_conda_forge_has_it(tmp_path: Path) -> None:
    folder = make(tmp_path)
    names = {node.output.name: node.filename for node in plan_of(folder).nodes.values()}
    published = {
        "python_abi-3.11-0_cp311.conda": "another",
        "python_abi-3.11-1_cp311.conda": "and another",
        names["python"]: "another",
    }
    moved = {n.output.name: n.filename for n in plan_of(folder, published).nodes.values()}
    assert moved["python_abi"] == "python_abi-3.11-2_cp311.conda"
    assert moved["python"] == names["python"].replace("_0_cp311", "_1_cp311")


def test_what_no_recipe_makes_is_reported(tmp_path: Path) -> None:
    recipes = {**RECIPES, "zlib": 'package: {name: zlib, version: "2.0"}\n'}
    recipes["python"] = RECIPES["python"].replace("[zlib]", "[zlib <2]")
    with pytest.raises(UsageError, match=r"python needs zlib <2.*zlib-2\.0"):
        plan_of(make(tmp_path, recipes))


def test_a_circle_is_reported(tmp_path: Path) -> None:
    recipes = {**RECIPES}
    recipes["libgcc"] = RECIPES["libgcc"] + "\nrequirements: {run: [zlib]}\n"
    with pytest.raises(RecipeError, match=r"\.yaml:\d+: .*depend on each other: .*libgcc.*zlib"):
        plan_of(make(tmp_path, recipes))


def test_a_noarch_package_serves_each_cell_with_its_own_python(tmp_path: Path) -> None:
    # As `root` is: for any Python, by way of a package that is for one.
    meta = 'package: {name: meta, version: "1"}\nbuild: {noarch: generic}\n'
    recipes = {**RECIPES, "meta": meta + "requirements: {run: [pyroot ==6.40.00]}\n"}
    graph = plan_two(make(tmp_path, recipes), ["meta"])
    for cell in (CELL, OTHER):
        outputs = [graph.nodes[id_].output for id_ in graph.cells[cell.id]]
        assert [o.version for o in outputs if o.name == "python"] == [f"{cell.python}.2"]
        [pyroot] = [o for o in outputs if o.name == "pyroot"]
        assert pyroot.variant["python"] == cell.variant["python"]
    assert len([n for n in graph.nodes.values() if n.output.name == "meta"]) == 1


def test_a_cell_has_the_versions_that_its_sets_pin(tmp_path: Path) -> None:
    pip = 'package: {name: pip, version: "%s"}\nbuild: {noarch: generic}\n'
    user = 'package: {name: user, version: "1"}\nbuild: {noarch: generic}\n'
    kit = 'package: {name: kit, version: "1"}\nbuild: {noarch: generic}\n'
    recipes = {
        **RECIPES,
        "pip": pip % "1",
        "pip2": pip % "2",
        "user": user + 'requirements: {run: ["pip >=1"]}\n',
        "kit": kit + "requirements: {run: [user, pip ==1]}\n",
    }
    outputs = [
        output
        for path in sorted(make(tmp_path, recipes).iterdir())
        for output in render(path, VARIANTS, (("python", "cpython"),), "linux-64")
    ]
    held = replace(CELL, sets=("kit",), name="kit")
    pins = {("kit", CELL.python): {"pip": "1"}}
    graph = plan(outputs, (CELL, held), ["user"], BUILDER, {}, pins)
    found = {
        cell: [graph.nodes[id_].output.version for id_ in ids if id_.startswith("pip-")]
        for cell, ids in graph.cells.items()
    }
    assert found == {CELL.id: ["2"], held.id: ["1"]}
    # What is no recipe's, and newer, is for the sets that pin it.
    locked = [
        replace(one, lock=tmp_path / "stack.lock") if one.version == "2" else one for one in outputs
    ]
    graph = plan(locked, (CELL,), ["user"], BUILDER, {}, pins)
    assert "pip-1" in {id_.rsplit("-", 1)[0] for id_ in graph.cells[CELL.id]}


def test_dependencies_come_first_also_when_cells_share_a_noarch_package(tmp_path: Path) -> None:
    folder = make(tmp_path, {**RECIPES, "pip": NOARCH})
    graph = plan_two(folder)
    place = {id_: number for number, id_ in enumerate(graph.nodes)}
    for node in graph.nodes.values():
        assert all(place[needed] < place[node.id] for needed in (*node.needs, *node.runs))


def test_a_noarch_package_that_is_built_with_python_is_refused(tmp_path: Path) -> None:
    recipes = {
        **RECIPES,
        "pip": NOARCH.replace("requirements: {", "requirements: {host: [python], "),
    }
    with pytest.raises(UsageError, match=r"pip-26\.0.*several variants"):
        plan_two(make(tmp_path, recipes), ["root", "python", "pip"])


def test_the_name_of_a_requirement() -> None:
    specs = ["zlib", "zlib >=1.2,<2", "zlib=1.3", "zlib ==1 h_0", "zlib[build=x]"]
    specs.append("${{ pin_compatible('zlib', upper_bound='x') }}")
    assert {name_of(spec) for spec in specs} == {"zlib"}


def test_a_noarch_package_is_one_that_the_cells_python_can_run(tmp_path: Path) -> None:
    old = NOARCH.replace('"26.0"', '"25.3"').replace("run: [python]", 'run: ["python <3.12"]')
    new = NOARCH.replace("run: [python]", 'run: ["python >=3.12"]')
    graph = plan_two(make(tmp_path, {**RECIPES, "old": old, "new": new}))
    assert [id_ for id_ in graph.cells[CELL.id] if id_.startswith("pip")] == ["pip-25.3-h0_0"]
    assert [id_ for id_ in graph.cells[OTHER.id] if id_.startswith("pip")] == ["pip-26.0-h0_0"]
    (tmp_path / "new/recipe.yaml").unlink()
    (tmp_path / "new/build.sh").unlink()
    (tmp_path / "new").rmdir()
    with pytest.raises(UsageError, match="pip, which no recipe makes: pip-25"):
        plan_two(tmp_path)


def test_a_version_that_the_recipe_has_no_source_of_is_reported(tmp_path: Path) -> None:
    text = (
        RECIPES["python"]
        + """
source:
  - if: cpython == "3.13"
    then: {url: "https://example.org/python.tgz", sha256: "%s"}
"""
        % ("0" * 64)
    )
    folder = make(tmp_path, {**RECIPES, "python": text})
    with pytest.raises(UsageError, match=r"python/recipe.yaml:7: none of its .*cpython 3.11"):
        plan_of(folder)


def test_what_is_built_with_something_local_is_private(tmp_path: Path) -> None:
    mine = RECIPES["python"] + "extra: {rootstock: {scope: local}}\n"
    graph = plan_of(make(tmp_path, {**RECIPES, "python": mine}))
    scopes = {node.output.name: node.scope for node in graph.nodes.values()}
    assert {name for name, scope in scopes.items() if scope == "local"} == {"python", "pyroot"}
    assert scopes["root"] == scopes["zlib"] == "channel"  # others may be built without it
    assert graph.local_only(CELL.id)


def test_without_anything_local_nothing_is_private(tmp_path: Path) -> None:
    graph = plan_of(make(tmp_path))
    assert not graph.local_only(CELL.id)


BZIP2 = 'package: {name: bzip2, version: "1.0.8"}'
TESTED = """
package: {name: tested, version: "1"}
requirements: {host: [zlib]}
tests: [{requirements: {run: [bzip2]}, script: ["bzip2 --help"]}]
"""


def names_of(graph: Graph, ids: Iterable[str]) -> set[str]:
    return {graph.nodes[id_].output.name for id_ in ids}


def plan_with(folder: Path, **recipes: str) -> Graph:
    """The plan of one cell that holds the package `tested`."""
    root = 'package: {name: root, version: "1"}\nrequirements: {run: [tested]}'
    return plan_of(make(folder, {**RECIPES, "root6": root, **recipes}))


def test_what_a_test_asks_for_is_built_first_and_is_in_no_key(tmp_path: Path) -> None:
    graph = plan_with(tmp_path / "one", tested=TESTED, bzip2=BZIP2)
    [tested] = [id_ for id_, node in graph.nodes.items() if node.output.name == "tested"]
    assert names_of(graph, graph.build_prerequisites(tested)) == {"zlib", "libgcc", "bzip2"}
    assert names_of(graph, graph.nodes[tested].needs) == {"zlib", "libgcc"}
    assert "bzip2" not in names_of(graph, graph.cells[CELL.id])  # users do not get it
    newer = BZIP2.replace("1.0.8", "1.0.9")
    assert (
        keys(plan_with(tmp_path / "two", tested=TESTED, bzip2=newer))["tested"]
        == (keys(graph)["tested"])
    )


def test_a_python_test_has_pip_and_a_python(tmp_path: Path) -> None:
    text = """
package: {name: tested, version: "1"}
build: {noarch: python}
requirements: {run: [python]}
tests: [{python: {imports: [tested]}}]
"""
    graph = plan_with(tmp_path / "one", tested=text, pip=NOARCH)
    [tested] = [id_ for id_, node in graph.nodes.items() if node.output.name == "tested"]
    assert {"pip", "python"} <= names_of(graph, graph.build_prerequisites(tested))
    without = text.replace("imports: [tested]", "imports: [tested], pip_check: false")
    assert "pip" not in keys(plan_with(tmp_path / "two", tested=without, pip=NOARCH))
    with pytest.raises(RecipeError, match=r"recipe.yaml:5: a test of tested needs pip, "):
        plan_with(tmp_path / "three", tested=text)


def test_what_a_tested_package_needs_for_its_tests_is_tested_too(tmp_path: Path) -> None:
    bzip2 = BZIP2 + "\ntests: [{requirements: {run: [xz]}, script: [a]}]"
    xz = 'package: {name: xz, version: "1"}'
    graph = plan_with(tmp_path, tested=TESTED, bzip2=bzip2, xz=xz)
    [node] = [node for node in graph.nodes.values() if node.output.name == "bzip2"]
    assert names_of(graph, node.tests) == {"xz"}


@pytest.mark.parametrize(
    "bzip2",
    [
        "requirements: {host: [tested]}",
        "requirements: {run: [tested]}\ntests: [{script: [a]}]",
        "tests: [{requirements: {run: [tested]}, script: [a]}]",
    ],
)
def test_a_test_that_needs_what_is_built_later_is_refused(tmp_path: Path, bzip2: str) -> None:
    with pytest.raises(RecipeError, match=r"package that is built after it: .*tested.*bzip2"):
        plan_with(tmp_path, tested=TESTED, bzip2=f"{BZIP2}\n{bzip2}")


def test_a_test_may_install_what_depends_on_the_package(tmp_path: Path) -> None:
    text = TESTED.replace("{requirements: {run: [bzip2]}, script: [\"bzip2 --help\"]}",
                          "{downstream: bzip2}")  # fmt: skip
    graph = plan_with(tmp_path, tested=text, bzip2=f"{BZIP2}\nrequirements: {{run: [tested]}}")
    [tested] = [id_ for id_, node in graph.nodes.items() if node.output.name == "tested"]
    assert names_of(graph, graph.build_prerequisites(tested)) == {"zlib", "libgcc", "bzip2"}


def test_a_test_does_not_bring_another_version_of_what_a_package_is_built_with(
    tmp_path: Path,
) -> None:
    old = RECIPES["zlib"].replace("1.3.1", "1.2.13")
    text = TESTED.replace("[bzip2]", "[zlib 1.2.*]")
    with pytest.raises(RecipeError, match=r"needs zlib-1\.2\.13.* build uses zlib-1\.3\.1"):
        plan_with(tmp_path / "one", tested=text, old=old)
    pinned = text.replace("host: [zlib]", "host: [zlib 1.3.*]")
    plan_with(tmp_path / "two", tested=pinned, old=old)


def test_a_release_is_newer_than_its_candidates(tmp_path: Path) -> None:
    recipes = {
        f"zlib{number}": RECIPES["zlib"].replace("1.3.1", version)
        for number, version in enumerate(("1.3.1rc1", "1.3.1", "1.3.1.dev2", "1.3"))
    }
    graph = plan_of(
        make(tmp_path, {**recipes, **{k: v for k, v in RECIPES.items() if k != "zlib"}})
    )
    assert [n.output.version for n in graph.nodes.values() if n.output.name == "zlib"] == ["1.3.1"]


def test_two_recipes_that_make_one_package_are_both_named(tmp_path: Path) -> None:
    recipes = {**RECIPES, "other": RECIPES["zlib"] + "build: {script: [other]}\n"}
    with pytest.raises(RecipeError) as caught:
        plan_of(make(tmp_path, recipes))
    for name in ("other", "zlib"):
        assert str(tmp_path / name / "recipe.yaml") in caught.value.message


def test_what_is_no_match_spec_is_reported(tmp_path: Path) -> None:
    folder = make(tmp_path)
    outputs = render(folder / "libgcc", VARIANTS, (("python", "cpython"),), "linux-64")
    with pytest.raises(UsageError, match=r"the cell .* needs 'libgcc >=', .* not a match spec"):
        plan(outputs, [CELL], ["libgcc >="], BUILDER, {})


def test_a_requirement_is_reported_with_its_line(tmp_path: Path) -> None:
    recipes = {**RECIPES, "python": RECIPES["python"].replace("[zlib]", "[\n  zlib,\n  zlibb]")}
    with pytest.raises(RecipeError, match=r"python/recipe\.yaml:7: python needs zlibb") as caught:
        plan_of(make(tmp_path, recipes))
    assert "zlib" in caught.value.remedy


def test_a_recipe_that_vanishes_is_reported(tmp_path: Path) -> None:
    folder = make(tmp_path)
    outputs = [
        output
        for path in sorted(folder.iterdir())
        for output in render(path, VARIANTS, (("python", "cpython"),), "linux-64")
    ]
    (folder / "zlib/build.sh").unlink()
    (folder / "zlib/build.sh").symlink_to("nothing")  # a link to nothing is a file of it
    plan(outputs, [CELL], ["root"], BUILDER, {})
    shutil.rmtree(folder / "zlib")
    with pytest.raises(UsageError, match=r"zlib.* is gone"):
        plan(outputs, [CELL], ["root"], BUILDER, {})


def test_a_build_string_without_a_place_for_the_number_does_not_hang(tmp_path: Path) -> None:
    recipes = {**RECIPES, "libgcc": RECIPES["libgcc"] + "\nbuild: {string: generic}"}
    folder = make(tmp_path, recipes)
    with pytest.raises(RecipeError, match="no place for a build number"):
        plan_of(folder, {"libgcc-14.2.0-generic.conda": "another key"})


def test_an_exact_pin_of_a_package_to_itself_has_its_build_number(tmp_path: Path) -> None:
    own = "\nrequirements: {run_exports: [\"${{ pin_subpackage('libgcc', exact=True) }}\"]}\n"
    folder = make(tmp_path, {**RECIPES, "libgcc": RECIPES["libgcc"] + own})
    [node] = [one for one in plan_of(folder).nodes.values() if one.output.name == "libgcc"]
    graph = plan_of(folder, {node.filename: "another key"})
    [moved] = [one for one in graph.nodes.values() if one.output.name == "libgcc"]
    assert moved.number == 1
    exports = moved.recipe["requirements"]["run_exports"]
    assert exports == {"weak": [f"libgcc =={moved.output.version} {moved.build}"]}


def test_a_test_may_pin_the_package_exactly(tmp_path: Path) -> None:
    pin = "${{ pin_subpackage('libgcc', exact=True) }}"
    test = f'\ntests: [{{script: [ls], requirements: {{run: ["{pin}"]}}}}]\n'
    folder = make(tmp_path, {**RECIPES, "libgcc": RECIPES["libgcc"] + test})
    [node] = [one for one in plan_of(folder).nodes.values() if one.output.name == "libgcc"]
    graph = plan_of(folder, {node.filename: "another key"})
    [moved] = [one for one in graph.nodes.values() if one.output.name == "libgcc"]
    [found] = moved.recipe["tests"]
    assert found["requirements"]["run"] == [f"libgcc =={moved.output.version} {moved.build}"]
