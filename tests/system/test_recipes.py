"""What recipes may ask for, and what rattler-build itself makes of it."""

import hashlib
import io
import json
import shutil
import subprocess
import tarfile
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import zstandard
from rattler_build import RenderConfig, Stage0Recipe, ToolConfiguration, VariantConfig

from rootstock.plan.pins import pinned

from .conftest import CHECKOUT, COMMAND, ROOT, Bench

pytestmark = pytest.mark.system
CELL = ("--root", "6", "--py", "3.11")

# A package that is one program.
PROGRAM = """
package: {name: NAME, version: "1.0"}
source: {path: program.sh}
build: {noarch: generic, script: ["install -D program.sh $PREFIX/bin/NAME"]}
about: {license: MIT, license_file: program.sh, summary: A shell script}
extra: {rootstock: {origin: source, verified: true}}
"""
SCION = """
package: {name: scion, version: "1.0"}
source: {path: leaf.txt}
build: {noarch: generic, script: ["install -D leaf.txt $PREFIX/share/scion.txt"]}
TESTS
about: {license: MIT, license_file: leaf.txt, summary: A text}
extra: {rootstock: {origin: source, verified: true}}
"""


def program(bench: Bench, name: str, script: str) -> None:
    bench.recipe(name, recipe_yaml=PROGRAM.replace("NAME", name), program_sh=script)


def scion(bench: Bench, tests: str) -> None:
    """Add a package that the root runs with, and its tests."""
    bench.recipe("scion", recipe_yaml=SCION.replace("TESTS", tests), leaf_txt="leaf\n")
    runs = 'run: [scion, "python ${{ cpython }}.*"]'
    recipe = ROOT.replace('run: ["python ${{ cpython }}.*"]', runs)
    assert recipe != ROOT
    bench.recipe("root", recipe_yaml=recipe)


def test_tests_have_what_they_ask_for(bench: Bench) -> None:
    program(bench, "knife", '#!/bin/sh\necho "$1" is sharp\n')
    program(bench, "pip", '#!/bin/sh\ntest "$1" = check\n')
    pip = PROGRAM.replace("NAME", "pip") + "requirements: {run: [python]}\n"
    bench.recipe("pip", recipe_yaml=pip)
    scion(
        bench,
        """
tests:
  - {requirements: {run: [knife]}, script: ["knife scion | grep -qx 'scion is sharp'"]}
  - python: {imports: [scion]}
""",
    )
    report = bench.json("build", *CELL)
    assert {node["package"]: node["state"] for node in report["nodes"]} == dict.fromkeys(
        ("knife", "pip", "python", "root", "scion"), "built"
    )
    # They are for the test alone: nobody who installs the root gets them.
    assert {name.split("-")[0] for name in bench.packages()} == {"python", "root", "scion"}


def test_what_tests_ask_for_is_in_no_key(bench: Bench) -> None:
    program(bench, "knife", "#!/bin/sh\n")
    scion(bench, "tests: [{requirements: {run: [knife]}, script: [knife]}]")
    assert bench.run("build", *CELL).returncode == 0
    program(bench, "knife", "#!/bin/sh\ntrue\n")
    report = bench.json("build", *CELL)
    assert [node["package"] for node in report["nodes"] if node["state"] == "built"] == []


def test_what_tests_ask_for_and_nothing_makes_is_reported_when_planning(bench: Bench) -> None:
    scion(bench, "tests:\n  - python: {imports: [scion]}")
    done = bench.run("plan", *CELL)
    assert done.returncode == 2
    assert "scion/recipe.yaml:5: a test of scion needs pip" in done.stderr


def test_a_cxx_standard_that_nothing_makes_is_reported_when_planning(bench: Bench) -> None:
    made = "root_cxx_standard"
    shutil.copytree(CHECKOUT / "recipes/root" / made, bench.checkout / "recipes/small" / made)
    for standard, code in (("17", 0), ("20", 2)):
        scion(bench, f"requirements: {{host: [{made} =={standard}]}}")
        done = bench.run("plan", *CELL)
        assert done.returncode == code, done.stderr
    assert f"scion/recipe.yaml:5: scion needs {made} ==20, which no recipe makes" in done.stderr


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("{noarch: generic,", "{noarch: generic, number: 3,", "build.number is 3"),
        (
            "{noarch: generic,",
            "{noarch: generic, string: generic,",
            "no place for the build number",
        ),
    ],
)
def test_builds_are_counted_by_nobody_else(bench: Bench, old: str, new: str, said: str) -> None:
    scion(bench, "")
    assert bench.run("build", *CELL).returncode == 0
    bench.recipe("scion", recipe_yaml=SCION.replace("TESTS", "").replace(old, new), leaf_txt="b\n")
    done = bench.run("plan", *CELL)
    assert done.returncode == 2
    assert said in done.stderr
    assert "scion/recipe.yaml:4: " in done.stderr


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://example.org/records/1/files/leaf.tar?download=1", "leaf.tar"),
        ("https://example.org/a%20leaf%231.tar", "a leaf#1.tar"),
        ("https://example.org/get?id=1\n  file_name: leaf.tar", "leaf.tar"),
    ],
)
def test_a_source_is_where_its_message_says(bench: Bench, url: str, name: str) -> None:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as out:
        out.addfile(tarfile.TarInfo("top/leaf.txt"))
    sha256 = hashlib.sha256(content.getvalue()).hexdigest()
    scion(bench, "")
    text = SCION.replace("TESTS", "")
    source = f"source:\n  url: {url}\n  sha256: {sha256}"
    text = text.replace("source: {path: leaf.txt}", source)
    if "file_name" in url:  # which says that it is not to be unpacked
        text = text.replace('["install', '["tar -xf leaf.tar --strip-components=1; install')
    bench.recipe("scion", recipe_yaml=text)
    done = bench.run("build", *CELL, "--offline")
    assert done.returncode == 3
    place = bench.home / "sources" / sha256 / name
    assert str(place) in done.stderr
    place.parent.mkdir(parents=True)
    place.write_bytes(content.getvalue())
    done = bench.run("build", *CELL, "--offline")
    assert done.returncode == 0, done.stderr


def test_a_package_may_be_just_what_it_depends_on(bench: Bench) -> None:
    scion(bench, "")
    bench.recipe("scion", leaf_txt="leaf\n").joinpath("leaf.txt").unlink()
    text = """
package: {name: scion, version: "1.0"}
build: {noarch: generic}
requirements: {run: [knife]}
about: {license: MIT, license_file: LICENSE, summary: A knife}
extra: {rootstock: {origin: source, verified: true}}
"""
    bench.recipe("scion", recipe_yaml=text, LICENSE="MIT\n")
    program(bench, "knife", "#!/bin/sh\n")
    done = bench.run("build", *CELL)
    assert done.returncode == 0, done.stderr


# What the machine would have to have is known to the solver alone.
NO_MACHINE = "__rootstock_no_machine"
ASKING = "requirements: {host: [knife]}"
IN_A_TEST = "tests: [{requirements: {run: [knife]}, script: [knife]}]"
OWN = f"requirements: {{run: [{NO_MACHINE}]}}\ntests: [{{script: [ls]}}]"


@pytest.mark.parametrize(
    ("asks", "stage"), [(ASKING, "environment"), (IN_A_TEST, "tests"), (OWN, "tests")]
)
def test_an_environment_that_no_solver_finds_is_reported_with_the_reason(
    bench: Bench, asks: str, stage: str
) -> None:
    needy = PROGRAM.replace("NAME", "knife") + f"requirements: {{run: [{NO_MACHINE}]}}\n"
    bench.recipe("knife", recipe_yaml=needy, program_sh="#!/bin/sh\n")
    scion(bench, asks)
    assert bench.run("plan", *CELL).returncode == 0
    done = bench.run("build", *CELL)
    assert done.returncode == 1
    assert f"it failed at stage {stage}" in done.stderr
    said = done.stderr.partition("No environment satisfies the requirements:")[2]
    assert NO_MACHINE in said
    again = bench.run("build", *CELL)  # it is the package's own failure, and is kept as such
    assert again.returncode == 1
    assert NO_MACHINE in again.stderr


@pytest.mark.parametrize(
    "words", ["No space left on device", "Script failed with status 137", "Killed signal"]
)
def test_a_script_does_not_talk_itself_out_of_its_failure(bench: Bench, words: str) -> None:
    bench.recipe("root", make_sh=f"echo {words}; exit 1\n")
    done = bench.run("build", *CELL)
    assert done.returncode == 1, done.stderr
    assert "did not build: it failed at stage script" in done.stderr
    assert "not built again" in bench.run("build", *CELL).stderr


def test_a_test_may_pin_the_package_exactly(bench: Bench) -> None:
    pin = "${{ pin_subpackage('scion', exact=True) }}"
    scion(bench, f'tests: [{{script: [ls], requirements: {{run: ["{pin}"]}}}}]')
    assert bench.run("build", *CELL).returncode == 0
    bench.recipe("scion", leaf_txt="another leaf\n")
    done = bench.run("build", *CELL)
    assert done.returncode == 0, done.stderr
    assert {name for name in bench.packages() if "_1.conda" in name and "scion" in name}


def test_two_packages_of_an_environment_have_no_file_in_common(bench: Bench) -> None:
    scion(bench, "requirements: {run: [graft]}")
    grafted = SCION.replace("TESTS", "").replace("name: scion", "name: graft")
    bench.recipe("graft", recipe_yaml=grafted, leaf_txt="another\n")  # it is scion.txt as well
    done = bench.run("build", *CELL)
    assert done.returncode == 1
    [line] = [line for line in done.stderr.splitlines() if "clash: " in line]
    assert "share/scion.txt is in " in line
    assert "graft-1.0-" in line and "scion-1.0-" in line
    assert not bench.channel.exists() or not bench.packages()


def lint(bench: Bench, *words: str) -> subprocess.CompletedProcess[str]:
    argv = [*COMMAND, "lint", *words, "--checkout", str(bench.checkout)]
    return subprocess.run(argv, env=bench.env, capture_output=True, text=True, check=False)


def test_lint_says_all_and_ends_with_2(bench: Bench) -> None:
    scion(bench, "tests: [{script: [true]}]\nabuot: {}")
    program(bench, "Knife", "#!/bin/sh\n")
    done = lint(bench, "--json")
    assert done.returncode == 2
    said = json.loads(done.stdout)
    errors = [one for one in said["findings"] if one["level"] == "error"]
    assert len(errors) == said["errors"]
    assert {Path(one["file"]).parent.name for one in errors} >= {"scion", "Knife"}
    text = lint(bench).stdout
    for one in errors:
        place = f"{one['file']}:{one['line']}" if one["line"] else one["file"]
        assert f"{place}: error: {one['message']}" in text


def test_lint_of_sound_recipes_ends_with_0(bench: Bench) -> None:
    done = lint(bench)
    assert done.returncode == 0, done.stdout
    assert "0 errors" in done.stdout


BOUNDS = [
    ("x.x.x.x.x.x", "x"),
    ("x.x.x.x.x.x", "x.x"),
    ("x.x", "x.x.x.x"),
    ("x", "x.x.x.x.x.x"),
    ("1.0", "2.0"),
    (None, "x"),
    ("x.x.x", None),
]


@pytest.mark.parametrize(
    "version",
    ["1.3.1", "9e", "2026f", "1!2.0", "1.2rc1", "0.1.0.dev12", "1_2", "1.0+local", "1.1.1k", "7"],
)
def test_pins_are_those_of_rattler_build(tmp_path: Path, version: str) -> None:
    assert [pinned("p", version, *bounds) for bounds in BOUNDS] == pins_of(tmp_path, version)


def pins_of(folder: Path, version: str) -> Sequence[str]:
    """What rattler-build writes into a package for its pins to itself."""
    for subdir in ("noarch", "linux-64"):
        place = folder / "channel" / subdir
        place.mkdir(parents=True)
        (place / "repodata.json").write_text(
            json.dumps({"info": {"subdir": subdir}, "packages": {}, "packages.conda": {}})
        )
    recipe: dict[str, Any] = {
        "package": {"name": "p", "version": version},
        "build": {"number": 0, "noarch": "generic", "script": ["true"]},
        "requirements": {
            "run_exports": [_pin(lower, upper) for lower, upper in BOUNDS],
        },
        "about": {"license": "MIT"},
    }
    [rendered] = Stage0Recipe.from_dict(recipe, recipe_dir=folder / "recipe").render(
        VariantConfig({}), RenderConfig()
    )
    made = rendered.run_build(
        ToolConfiguration(test_strategy="skip", keep_build=False),
        output_dir=folder / "out",
        channels=[(folder / "channel").as_uri()],
        no_build_id=True,
    )
    with zipfile.ZipFile(made.packages[0]) as outer:
        [info] = (name for name in outer.namelist() if name.startswith("info-"))
        tar = zstandard.ZstdDecompressor().stream_reader(outer.read(info)).read()
    with tarfile.open(fileobj=io.BytesIO(tar)) as inner:
        file = inner.extractfile("info/run_exports.json")
        assert file
        found: list[str] = json.load(file)["weak"]
        return found


def _pin(lower: str | None, upper: str | None) -> str:
    """A call of pin_subpackage, in which None is written as in Python."""
    call = f"pin_subpackage('p', lower_bound={lower!r}, upper_bound={upper!r})"
    return f"${{{{ {call} }}}}"
