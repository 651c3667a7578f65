"""The packages of the stack's lock: which, for whom, and that they can be built."""

import json
import shlex
from dataclasses import replace
from pathlib import Path

import pytest

from rootstock.core.audit_rules import Waiver
from rootstock.core.errors import RecipeError
from rootstock.plan import checks, wheels
from rootstock.plan.matrix import Cell
from rootstock.plan.recipe import Output
from rootstock.product.root import PRODUCT
from rootstock.stack.lock import Build, Lock, LockedSet, LockEntry, Member, Texts

CHECKOUT = Path(__file__).resolve().parents[3]
CELLS = [
    Cell(product=PRODUCT, values=("6.40.00", python), platform="linux-64")
    for python in ("3.11", "3.13")
]
PURE = LockEntry(
    name="bud",
    version="1.0",
    project="Bud",
    file="bud-1.0-py3-none-any.whl",
    sha256="0" * 64,
    size=7,
    released="2026-01-02",
    pure=True,
    builds=(Build(pythons=("3.10", "3.11", "3.13"), python=">=3.9", depends=("scion >=2",)),),
    entry_points=("bud = bud:main",),
    scripts=False,
    drop=("bud/it's*",),
    license="MIT",
    license_files=("bud-1.0.dist-info/licenses/LICENSE",),
    summary="Buds",
    homepage="",
)
BINARY = replace(
    PURE,
    name="scion",
    project="scion",
    file="scion-1.0-cp311-cp311-manylinux_2_28_x86_64.whl",
    pure=False,
    builds=(Build(pythons=("3.11",), python="", depends=("libgcc >=14",)),),
    license_files=(),
)
LOCK = Lock(
    wheels=(PURE, BINARY),
    sets=(
        LockedSet(
            name="rootstock-x",
            summary="All of it",
            version="2026.01.02",
            members=(
                Member(python="3.11", packages={"bud": "1.0", "scion": "1.0"}, verified=True),
            ),
        ),
    ),
    also={"bud": ("bud-all",)},
)


def recipe(name: str, version: str, **variant: str) -> Output:
    """What a recipe makes."""
    return Output(
        folder=Path("recipes/base/bud"),
        name=name,
        version=version,
        build="0",
        subdir="linux-64",
        variant=variant,
        recipe={},
    )


def made(lock: Lock, *, recipes: tuple[Output, ...] = ()) -> dict[str, Output]:
    path, folder = Path("ci/stack.lock"), CHECKOUT / "recipes/analysis"
    found = wheels.outputs(lock, path, folder, CELLS, recipes, "linux-64")
    checks.require_buildable(found)
    return {one.filename: one for one in found}


def test_each_entry_is_a_package_for_its_pythons() -> None:
    found = made(LOCK)
    assert found.keys() == {
        "bud-1.0-py_0.conda",
        "scion-1.0-py311_0.conda",
        "bud-all-1.0-py_0.conda",
        "rootstock-x-2026.01.02-py311_0.conda",
    }
    assert {one.subdir for name, one in found.items() if name.startswith("bud")} == {"noarch"}


def test_a_recipe_of_the_same_version_wins() -> None:
    found = made(LOCK, recipes=(recipe("bud", "1.0"),))
    assert not any(name.startswith("bud") for name in found)


def test_another_version_than_the_recipes_is_made_of_its_wheel() -> None:
    other = recipe("scion", "2.0", python="3.11.* *_cp311")
    elsewhere = recipe("scion", "1.0", python="3.13.* *_cp313")
    assert "scion-1.0-py311_0.conda" in made(LOCK, recipes=(other, elsewhere))
    same = recipe("scion", "1.0", python="3.11.* *_cp311")
    assert "scion-1.0-py311_0.conda" not in made(LOCK, recipes=(other, same))


def test_license_texts_come_from_the_source_distribution_where_the_wheel_has_none() -> None:
    texts = Texts(
        version="0.9", file="bud-0.9.tar.gz", sha256="1" * 64, files=("COPYING", "doc/LICENSE")
    )
    lacking = replace(PURE, license_source=texts, license_files=())
    found = made(replace(LOCK, wheels=(lacking,), sets=()))["bud-1.0-py_0.conda"].recipe
    wheel, source = found["source"]
    assert wheel["url"].endswith("#bud-1.0-py3-none-any.whl")
    assert source["url"] == "pkg:pypi/Bud@0.9#bud-0.9.tar.gz"
    assert source["sha256"] == "1" * 64
    folder = source["target_directory"]
    assert found["about"]["license_file"] == [f"{folder}/COPYING", f"{folder}/doc/LICENSE"]
    assert folder not in found["build"]["script"]["content"]


def test_waivers_are_where_the_audit_reads_them() -> None:
    waiver = {"rule": "licence", "file": "info/licenses", "why": "none has it"}
    entries = (replace(PURE, waive=(Waiver(**waiver),)), BINARY)
    found = made(replace(LOCK, wheels=entries))
    assert found["bud-1.0-py_0.conda"].extra["audit"] == [waiver]
    assert "audit" not in found["scion-1.0-py311_0.conda"].extra


def test_a_set_says_its_check_what_modules_need() -> None:
    entries = (replace(PURE, check_env={"BUD_SAYS": "it's \\n"}), BINARY)
    name = "rootstock-x-2026.01.02-py311_0.conda"
    content = made(replace(LOCK, wheels=entries))[name].recipe["build"]["script"]["content"]
    *_, text, _, place = shlex.split(content)
    assert json.loads(text) == {"check_env": {"BUD_SAYS": "it's \\n"}}
    assert place == "$PREFIX/share/rootstock/sets/rootstock-x.json"
    assert made(LOCK)[name].recipe["build"]["script"]["content"] == ""
    other = (replace(entries[0], version="2.0"), BINARY)  # of another set
    assert made(replace(LOCK, wheels=other))[name].recipe["build"]["script"]["content"] == ""


def test_ranges_of_pythons_are_reported_apart_in_the_build_string() -> None:
    old, new = (Build(pythons=(python,), python="", depends=()) for python in ("3.11", "3.13"))
    found = made(replace(LOCK, wheels=(replace(PURE, builds=(old, new)),), sets=()))
    assert {"bud-1.0-py311_0.conda", "bud-1.0-py313_0.conda"} <= found.keys()


def test_a_set_pins_what_was_tested_together() -> None:
    [own] = [one for one in made(LOCK).values() if one.name == "rootstock-x"]
    wanted = {"bud ==1.0", "bud-all ==1.0", "scion ==1.0", "python 3.11.*"}
    assert wanted <= set(own.requirements("run"))


def test_words_of_the_lock_are_words_of_the_script() -> None:
    script = made(LOCK)["bud-1.0-py_0.conda"].recipe["build"]["script"]["content"]
    assert script.endswith(""" 'bud/it'"'"'s*'""")


@pytest.mark.parametrize(("python", "verified"), [("3.11", True), ("3.13", False)])
def test_what_was_never_built_says_so(python: str, verified: bool) -> None:
    build = Build(pythons=(python,), python="", depends=())
    [own] = LOCK.sets
    other = replace(own, members=(*own.members, Member(python="3.13", packages={"bud": "1.0"})))
    wheels_ = PURE, replace(BINARY, builds=(build,))
    found = made(replace(LOCK, wheels=wheels_, sets=(other,)))
    tag = f"py{python.replace('.', '')}_0.conda"
    assert found[f"scion-1.0-{tag}"].verified == verified
    assert found[f"rootstock-x-2026.01.02-{tag}"].verified == verified
    assert found["bud-1.0-py_0.conda"].verified


def test_a_source_distribution_is_built_with_setuptools() -> None:
    sdist = replace(
        PURE, file="bud-1.0.tar.gz", scripts=True, license_files=("bud-1.0/doc/LICENSE",)
    )
    [own] = made(replace(LOCK, wheels=(sdist,), sets=(), also={})).values()
    assert own.folder.name == "sdist"
    assert (own.folder / "build.py").is_file()
    assert (own.filename, own.subdir) == ("bud-1.0-py_0.conda", "noarch")
    assert own.recipe["build"]["noarch"] == "python"
    script = own.recipe["build"]["script"]["content"]
    assert script.endswith("""/build.py" --program 'bud = bud:main' --drop 'bud/it'"'"'s*'""")
    assert own.requirements("build") == ("setuptools-build",)
    assert own.recipe["about"]["license_file"] == ["doc/LICENSE"]  # of the unpacked source
    assert own.extra["origin"] == "source"


def test_errors_name_the_lock() -> None:
    broken = replace(LOCK, wheels=(replace(PURE, released="2099-01-01"),), sets=())
    with pytest.raises(RecipeError, match=r"^ci/stack\.lock: "):
        made(broken)
