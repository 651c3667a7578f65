from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rootstock.core.checkout import Checkout
from rootstock.core.errors import UsageError
from rootstock.maintain.lint import lint

MATRIX = """
platform: linux-64
pythons: ["3.11", "3.13"]
roots: [{version: "6.40.00", origin: source, pythons: ["3.11", "3.13"]}]
specs: [scion]
variants: {}
"""
SCION = """\
package: {name: scion, version: "1.0"}
build: {script: [make]}
requirements:
  run: [graft]
tests: [{script: ["true"]}]
about: {license: MIT, summary: A scion}
extra: {rootstock: {origin: source, released: "2024-08-13"}}
"""
GRAFT = SCION.replace("scion", "graft").replace("[graft]", "[]")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    (tmp_path / "ci").mkdir()
    (tmp_path / "ci/matrix.yaml").write_text(MATRIX)
    (tmp_path / "ci/sources.yaml").write_text("{}\n")
    put(tmp_path, "small/scion", SCION)
    put(tmp_path, "small/graft", GRAFT)
    return tmp_path


def put(checkout: Path, name: str, text: str, file: str = "recipe.yaml") -> None:
    folder = checkout / "recipes" / name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / file).write_text(text)


def said(checkout: Path, *asked: str) -> list[str]:
    return [
        f"{one.position.removeprefix(f'{checkout}/')}: {one.message}"
        for one in lint(Checkout(checkout), asked)
    ]


def test_sound_recipes_have_no_findings(checkout: Path) -> None:
    assert said(checkout) == []


def test_all_is_reported_at_once(checkout: Path) -> None:
    put(checkout, "small/graft", GRAFT.replace("graft", "Graft"))
    put(checkout, "small/broken", "package: [\n")
    put(checkout, "small/scion", SCION.replace("{script: [make]}", "{number: 2, script: [make]}"))
    put(checkout, "small/other", GRAFT.replace("graft", "other").replace("[]", "[nothing]"))
    found = "\n".join(said(checkout))
    for line in (
        "small/graft/recipe.yaml:1: 'Graft' is not a package name",
        "small/broken/recipe.yaml:2: Failed to parse",
        "small/scion/recipe.yaml:2: build.number is 2",
        "small/scion/recipe.yaml:4: scion needs graft, which no recipe makes",
        "small/other/recipe.yaml:4: other needs nothing, which no recipe makes",
    ):
        assert line in found


def test_each_finding_is_reported_once_for_all_variants(checkout: Path) -> None:
    text = GRAFT.replace("{script: [make]}", '{number: 2, script: ["make ${{ python }}"]}')
    put(checkout, "small/graft", text)
    assert len(said(checkout)) == 1


def test_variants_of_the_whole_matrix_are_checked(checkout: Path) -> None:
    text = GRAFT.replace(
        "name: graft", "name: \"${{ 'graft' if cpython == '3.11' else 'Graft' }}\""
    )
    put(checkout, "small/graft", text)
    assert any("'Graft' is not a package name" in line for line in said(checkout))


@pytest.mark.parametrize("asked", ["graft", "small/graft", "PATH", "PATH/recipe.yaml"])
def test_recipes_are_asked_for_by_name_or_path(checkout: Path, asked: str) -> None:
    put(checkout, "small/graft", GRAFT.replace("about: {license: MIT,", "about: {"))
    put(checkout, "small/scion", SCION.replace("about: {license: MIT,", "about: {"))
    word = asked.replace("PATH", str(checkout / "recipes/small/graft"))
    assert said(checkout, word) == [
        "recipes/small/graft/recipe.yaml:6: about.license of graft is missing"
    ]


def test_what_is_no_recipe_is_refused(checkout: Path) -> None:
    with pytest.raises(UsageError, match="nothing is not a recipe") as caught:
        lint(Checkout(checkout), ["nothing"])
    assert "graft, scion" in caught.value.remedy


def test_the_files_of_ci_are_checked_too(checkout: Path) -> None:
    (checkout / "ci/sources.yaml").write_text("abc: pkg:pypi/a@1#a-1-py3-none-any.whl\n")
    assert any(
        line.startswith("ci/sources.yaml:1: 'abc' is not a sha256") for line in said(checkout)
    )
    (checkout / "ci/matrix.yaml").write_text(MATRIX.replace("specs: [scion]", "specs: [3]"))
    assert any(line.startswith("ci/matrix.yaml:5: 3 is a number") for line in said(checkout))


def test_a_file_that_is_not_there_is_reported_by_its_name(checkout: Path) -> None:
    (checkout / "ci/sources.yaml").unlink()
    assert said(checkout) == ["ci/sources.yaml: cannot be read: No such file or directory"]


def test_what_looks_like_a_recipe_and_is_none_is_reported(checkout: Path) -> None:
    put(checkout, "small/old", "", file="meta.yaml")
    put(checkout, "small/short", GRAFT, file="recipe.yml")
    put(checkout, "deep/er/recipe", GRAFT)
    put(checkout, "shallow", GRAFT)
    put(checkout, "small/graft", "a: [b]\n", file="conda_build_config.yaml")
    put(checkout, "small/graft", "a: [b]\n", file="variants.yml")
    assert len([line for line in said(checkout) if "is not read" in line]) == 6


def test_two_recipes_that_make_one_package_are_reported(checkout: Path) -> None:
    put(checkout, "small/other", GRAFT)
    [line] = said(checkout)
    assert "small/other/recipe.yaml" in line
    assert "small/graft/recipe.yaml" in line


def test_a_patch_without_a_header_is_reported(checkout: Path) -> None:
    put(checkout, "small/graft", "--- a\n+++ b\n", file="own.patch")
    assert said(checkout) == [
        "recipes/small/graft/own.patch:1: its header lacks Description, Bug or Forwarded, Test"
    ]


# What a recipe may be full of, and none of its parts is safe from being something else.
WHOLE = """
context: {number: "1"}
package: {name: scion, version: "1.0"}
source: [{url: "https://example.org/a.tgz", sha256: HASH, patches: [a.patch], file_name: b}]
build: {number: 0, string: "h${{ hash }}_0", noarch: generic, script: {file: a, env: {B: c}}}
requirements:
  build: [graft]
  host: [graft >=1]
  run: ["${{ pin_compatible('graft') }}"]
  run_exports: ["${{ pin_subpackage('scion', upper_bound='x') }}"]
  ignore_run_exports: {by_name: [graft]}
tests:
  - {script: [a], requirements: {run: [graft], build: [graft]}}
  - {python: {imports: [a], pip_check: false, python_version: ["3.11"]}}
  - {package_contents: {files: [a], strict: true}}
  - {downstream: graft}
about: {license: MIT, license_file: LICENSE, summary: a}
extra: {rootstock: {origin: source, scope: channel, verified: [a], released: "2024-01-01",
  audit: [{rule: a, file: b, why: c}]}}
""".replace("HASH", "0" * 64)
ODD: list[object] = [
    None, True, 3, -1, 1.5, "", "a/b", "../a", "A B", "ä", "a\nb", "\u2028", "x" * 300, [], [None],
    [["a"]], {}, {"a": None}, {"if": "true", "then": "a"}, "${{ a }}", "${{ 'a' | b }}", ">=", "=1",
    "pkg:", "pkg:pypi/a@1#b", "http://[", "https://a:b/c", "https://a.example/%2F",
]  # fmt: skip


def ways(value: object) -> Iterator[tuple[Any, ...]]:
    """The ways to all parts of a document."""
    parts = value.items() if isinstance(value, dict) else enumerate(value)  # type: ignore[arg-type]
    for key, part in parts:
        yield (key,)
        if isinstance(part, dict | list):
            yield from ((key, *rest) for rest in ways(part))


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(way=st.sampled_from(sorted(ways(yaml.safe_load(WHOLE)), key=str)), odd=st.sampled_from(ODD))
def test_whatever_a_recipe_has_it_is_a_finding(
    checkout: Path, way: tuple[Any, ...], odd: object
) -> None:
    whole = yaml.safe_load(WHOLE)
    part = whole
    for key in way[:-1]:
        part = part[key]
    part[way[-1]] = odd
    put(checkout, "small/scion", yaml.safe_dump(whole))
    for finding in lint(Checkout(checkout)):
        assert finding.message
        assert "Span {" not in finding.message
