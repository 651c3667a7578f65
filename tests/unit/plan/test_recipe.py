from pathlib import Path

import pytest

from rootstock.errors import RecipeError
from rootstock.plan.pins import pinned
from rootstock.plan.recipe import render

RECIPE = """
context: {version: "1.2.3"}
recipe: {name: graft, version: "${{ version }}"}
source: {url: "https://example.org/graft-${{ version }}.tgz", sha256: "%s"}
outputs:
  - package: {name: libgraft}
    build: {script: {content: ["make"]}}
    requirements: {run_exports: ["${{ pin_subpackage('libgraft', upper_bound='x.x') }}"]}
  - package: {name: graft}
    requirements:
      host: [zlib, "${{ pin_subpackage('libgraft', exact=True) }}"]
      run: ["${{ pin_compatible('zlib', upper_bound='x') }}"]
extra: {rootstock: {origin: source}}
""" % ("0" * 64)


def write(folder: Path, text: str) -> Path:
    (folder / "recipe.yaml").write_text(text)
    return folder


def test_every_output_stands_alone(tmp_path: Path) -> None:
    lib, tool = render(write(tmp_path, RECIPE), {}, (), "linux-64")
    assert lib.run_exports("weak") == ("libgraft >=1.2.3,<1.3.0a0",)
    assert f"libgraft ==1.2.3 {lib.build}" in tool.requirements("host")
    [pin] = tool.requirements("run")
    assert pin.startswith("${{ pin_compatible('zlib'") and "upper_bound='x'" in pin
    assert [source["url"] for source in tool.sources] == ["https://example.org/graft-1.2.3.tgz"]
    assert tool.extra == {"origin": "source"}


def test_a_pin_is_to_the_version_of_its_own_variant(tmp_path: Path) -> None:
    text = """
recipe: {name: root6, version: "${{ root_version }}"}
outputs:
  - package: {name: core}
    requirements: {run_exports: ["${{ pin_subpackage('core', upper_bound='x.x') }}"]}
  - package: {name: bindings}
    build: {string: "h${{ hash }}_${{ root_version }}"}
    requirements: {run: ["${{ pin_subpackage('core', upper_bound='x.x') }}"]}
"""
    outputs = render(write(tmp_path, text), {"root_version": ["6.40", "6.42"]}, (), "linux-64")
    pins = {
        (output.name, output.version): (*output.run_exports("weak"), *output.requirements("run"))
        for output in outputs
    }
    assert pins == {
        (name, version): (f"core >={version},<{above}.0a0",)
        for name in ("core", "bindings")
        for version, above in (("6.40", "6.41"), ("6.42", "6.43"))
    }


def test_what_is_verified_may_differ_by_version(tmp_path: Path) -> None:
    text = """
package: {name: graft, version: "${{ graft_version }}"}
extra: {rootstock: {verified: "${{ graft_version == '1.0' }}"}}
"""
    made = render(write(tmp_path, text), {"graft_version": ["1.0", "2.0"]}, (), "linux-64")
    assert {output.version: output.extra["verified"] for output in made} == {
        "1.0": True,
        "2.0": False,
    }


def test_the_default_script_is_named(tmp_path: Path) -> None:
    (tmp_path / "build.sh").touch()
    lib, tool = render(write(tmp_path, RECIPE), {}, (), "linux-64")
    assert lib.recipe["build"]["script"]["content"] == "make"
    assert tool.recipe["build"]["script"]["file"] == "build.sh"


def test_own_variants_come_before_the_common_ones(tmp_path: Path) -> None:
    text = "package: {name: a, version: '1'}\nrequirements: {build: [\"${{ stdlib('c') }}\"]}"
    write(tmp_path, text)
    common = {"c_stdlib": ["sysroot"], "c_stdlib_version": ["2.17"]}
    [before] = render(tmp_path, common, (), "linux-64")
    assert before.requirements("build") == ("sysroot_linux-64 2.17.*",)
    (tmp_path / "variants.yaml").write_text('c_stdlib_version: ["2.28"]')
    [after] = render(tmp_path, common, (), "linux-64")
    assert after.requirements("build") == ("sysroot_linux-64 2.28.*",)
    assert after.build != before.build


def test_a_broken_recipe_is_told_with_its_path(tmp_path: Path) -> None:
    with pytest.raises(RecipeError) as caught:
        render(write(tmp_path, "package: {name: a"), {}, (), "linux-64")
    assert str(tmp_path / "recipe.yaml") in caught.value.message


@pytest.mark.parametrize(
    ("lower", "upper", "spec"),
    [
        ("x.x.x.x.x.x", "x", "zlib >=1.3.1,<2.0a0"),
        ("x.x", "x.x", "zlib >=1.3,<1.4.0a0"),
        (None, "x", "zlib <2.0a0"),
        ("x", None, "zlib >=1"),
    ],
)
def test_pins_follow_the_rules_of_conda_build(
    lower: str | None, upper: str | None, spec: str
) -> None:
    assert pinned("zlib", "1.3.1", lower, upper) == spec
