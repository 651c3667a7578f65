from pathlib import Path

import pytest

from rootstock.core.errors import RecipeError, UsageError
from rootstock.plan.matrix import taken
from rootstock.plan.recipe import render
from rootstock.product.root import PRODUCT

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


def test_a_broken_recipe_is_reported_with_its_path(tmp_path: Path) -> None:
    with pytest.raises(RecipeError) as caught:
        render(write(tmp_path, "package: {name: a"), {}, (), "linux-64")
    assert str(tmp_path / "recipe.yaml") in caught.value.message


@pytest.mark.parametrize(
    ("text", "at", "said"),
    [
        ("package: {name: a", ":2", "did not find expected"),
        ('package: {name: a, version: "1"}\nbuidl: {}', ":2", "buidl"),
        ('package: {name: a, version: "1"}\nbuild:\n  number: -1', ":3", "build.number"),
        ('package: {name: a, version: "1"}\nabout:\n  summary: ${{ b }}', ":3", "undefined value"),
        ('package: {name: a, version: "1"}\npackage: {name: b}', ":1", "Duplicate key"),
        ("package: {name: a, version: '1'}\nabout:\n  license: MIT\n  git: x", ":4", "'git'"),
        ("package: {name: a, version: '1'}\nsource:\n- git: x\n  md5: y", ":4", "'md5'"),
        ("package: {name: a, version: '1'}\ntests:\n- script: [a]\n  md5: y", ":4", "'md5'"),
        ("- a\n", ":1", "mapping"),
        ('package:\n  name: a\n  version: "1.*"', ":3", "malformed version"),
        ("package: {name: a, version: '1'}\nbuild:\n  noarch: x", ":3", "invalid noarch"),
        ("package: {name: a, version: '1'}\nabout:\n  license: GPL v3", ":3", "SPDX"),
        ("package: {name: a, version: '1'}\nsource:\n- url: https://x/a\n  sha256: a\n"
         "- url: https://x/b\n  sha256: a", "", "SHA256"),
        ("", "", "package"),
        ('package: &p {name: a, version: "1"}', ":1", "anchor"),
        ('package: {name: a, version: "1"}\nrequirements: {run: ["zlib <>3"]}', "", "<>3"),
        ("package: {name: a, version: '1'}\nrequirements: {run: ['${{ pin_subpackage(\"b\") }}']}",
         "", "b"),
    ],
)  # fmt: skip
def test_what_cannot_be_rendered_is_reported_with_its_line(
    tmp_path: Path, text: str, at: str, said: str
) -> None:
    with pytest.raises(RecipeError) as caught:
        render(write(tmp_path, text), {}, (), "linux-64")
    assert caught.value.message.startswith(f"{tmp_path / 'recipe.yaml'}{at}: ")
    assert said in caught.value.message
    assert "Span" not in caught.value.message


def test_a_misspelt_key_has_the_right_one_beside_it(tmp_path: Path) -> None:
    with pytest.raises(RecipeError) as caught:
        render(write(tmp_path, 'package: {name: a, version: "1"}\nabuot: {}'), {}, (), "linux-64")
    assert caught.value.remedy == "Write about instead."


@pytest.mark.parametrize(
    "text", ["[a]", "c_stdlib: x", "c_stdlib: [1.0]", "c_stdlib: [[a]]", "a: b: c"]
)
def test_variants_are_lists_of_text(tmp_path: Path, text: str) -> None:
    write(tmp_path, 'package: {name: a, version: "1"}')
    (tmp_path / "variants.yaml").write_text(text)
    with pytest.raises(UsageError, match=r"variants\.yaml:1: "):
        render(tmp_path, {}, (), "linux-64")


@pytest.mark.parametrize("key", ["python", "cpython", "root_version", "target_platform"])
def test_variants_do_not_have_what_cells_say(tmp_path: Path, key: str) -> None:
    write(tmp_path, 'package: {name: a, version: "1"}')
    (tmp_path / "variants.yaml").write_text(f'c_stdlib: [a]\n{key}: ["3.8"]')
    with pytest.raises(UsageError, match=rf"variants\.yaml:2: a recipe cannot set {key}"):
        render(tmp_path, {}, (), "linux-64", taken(PRODUCT))


def test_a_byte_order_mark_is_reported(tmp_path: Path) -> None:
    write(tmp_path, '\ufeffpackage: {name: a, version: "1"}')
    with pytest.raises(RecipeError, match=r"recipe\.yaml:1: .* byte order mark"):
        render(tmp_path, {}, (), "linux-64")


def test_a_package_may_be_just_what_it_depends_on(tmp_path: Path) -> None:
    [output] = render(write(tmp_path, 'package: {name: a, version: "1"}'), {}, (), "linux-64")
    assert output.recipe["build"]["script"] == {"content": ""}


def test_tests_say_what_they_run_with(tmp_path: Path) -> None:
    text = """
package: {name: a, version: "1"}
tests:
  - python: {imports: [a]}
  - python: {imports: [a], pip_check: false, python_version: ["3.11.*", "3.13.*"]}
  - {requirements: {run: [bzip2], build: [make]}, script: [a]}
  - perl: {uses: [a]}
  - downstream: b
  - package_contents: {files: [c]}
"""
    [output] = render(write(tmp_path, text), {}, (), "linux-64")
    assert output.test_requirements == (
        "pip", "python 3.11.*", "python 3.13.*", "bzip2", "make", "perl", "b",
    )  # fmt: skip


@pytest.mark.parametrize(
    "line",
    [
        "  description: \"${{ env.get('HOME') }}\"",
        "  description: \"${{ (env)['get']('HOME') }}\"",
        "  description:\n    - if: env.exists('HOME')\n      then: text",
    ],
)
def test_no_variable_of_who_plans_gets_into_a_package(tmp_path: Path, line: str) -> None:
    text = 'package: {name: a, version: "1.0"}\nabout:\n  license: MIT\n'
    with pytest.raises(RecipeError, match="reads an environment variable") as caught:
        render(write(tmp_path, text + line + "\n"), {}, (), "linux-64")
    assert caught.value.line >= 4
