"""What cannot be built is reported with its line, and what to write instead."""

from datetime import date, timedelta
from pathlib import Path

import pytest

from rootstock.core.errors import RecipeError
from rootstock.plan import checks
from rootstock.plan.recipe import render

# Without a fault; each test changes one line.
GOOD = """\
package:
  name: scion
  version: "1.0"
source:
  url: https://example.org/scion-1.0.tgz
  sha256: SHA256
build:
  number: 0
  string: h${{ hash }}_0
  script: [make]
tests: [{script: ["true"]}]
about: {license: MIT, summary: A scion}
extra:
  rootstock:
    origin: source
    scope: channel
    verified: true
    released: "2024-08-13"
""".replace("SHA256", "0" * 64)
MD5 = "    md5: " + "0" * 32


def found(folder: Path, text: str) -> list[checks.RecipeFinding]:
    (folder / "recipe.yaml").write_text(text)
    return checks.findings(render(folder, {}, (), "linux-64"))


def changed(line: str, other: str) -> str:
    assert GOOD.count(f"{line}\n") == 1, line
    return GOOD.replace(f"{line}\n", f"{other}\n")


def test_a_good_recipe_has_no_findings(tmp_path: Path) -> None:
    assert found(tmp_path, GOOD) == []


SOURCE = "  url: https://example.org/scion-1.0.tgz"
HASH = "  sha256: " + "0" * 64
STRING = "  string: h${{ hash }}_0"
TESTS = 'tests: [{script: ["true"]}]'
ABOUT = "about: {license: MIT, summary: A scion}"
ERRORS = [
    ("  name: scion", "  name: Bug-Case", 2, "'Bug-Case' is not a package name", "name: bug-case"),
    ('  version: "1.0"', '  version: "1-0"', 3, "'1-0' is not a version", 'version: "1_0"'),
    ('  version: "1.0"', '  version: "1.0RC1"', 3, "is not a version", 'version: "1.0rc1"'),
    ("  number: 0", "  number: 3", 8, "build.number is 3", "number: 0"),
    ("  number: 0", "  number: ${{ 1 + 2 }}", 8, "build.number is 3", "number: 0"),
    (STRING, "  string: generic", 9, "'generic' has no place for the build number", "generic_0"),
    (STRING, "  string: a-b_0", 9, "'a-b_0' is not a build string", "a_b_0"),
    (STRING, "  string: a/b_0", 9, "'a/b_0' is not a build string", "a_b_0"),
    (STRING, "  string: ../../x_0", 9, "is not a build string", "string:"),
    (
        f"{SOURCE}\n{HASH}",
        "  git: https://example.org/bug.git",
        5,
        "a source from git",
        "Write url:",
    ),
    (SOURCE, "  path: ../shared-src", 5, "is outside of the recipe's folder", "Put it into"),
    (SOURCE, "  path: /usr/src", 5, "is outside of the recipe's folder", "Put it into"),
    (SOURCE, "  path: a/../../b", 5, "is outside of the recipe's folder", "Put it into"),
    (SOURCE, "  path: .hidden", 5, "no build sees", "without a dot"),
    (SOURCE, "  path: missing", 5, "is not in the recipe's folder", "Put it there"),
    (HASH, MD5[2:], 5, "has no sha256, only an md5", "Write sha256:"),
    (HASH, "  target_directory: a", 5, "has no sha256", "Write sha256:"),
    (SOURCE, "  url: https://example.org/", 5, "no usable file name", "file_name:"),
    (SOURCE, "  url: https://example.org", 5, "no usable file name", "file_name:"),
    (SOURCE, "  url: https://example.org/x/?download=1", 5, "no usable file name", "file_name:"),
    (SOURCE, "  url: https://example.org/x/..%2Fy", 5, "no usable file name", "file_name:"),
    (SOURCE, "  url: gopher://example.org/x.tgz", 5, "cannot be fetched: gopher:", ""),
    (SOURCE, "  url: pkg:pypi/x@1#x-1.0.tar.gz", 5, "not the name of a wheel", ""),
    (SOURCE, "  url: pkg:pypi/x@1#root.whl", 5, "not the name of a wheel", ""),
    (SOURCE, "  url: pkg:pypi/x@1#../../x", 5, "is not the name of a file", ""),
    (SOURCE, "  url: local:/python.tar", 5, "interpreters of this machine", ""),
    (HASH, f"{HASH}\n  patches: [mend.patch]", 7, "patch 'mend.patch' is not in", "Put it there"),
    (HASH, f"{HASH}\n  patches: [../mend.patch]", 7, "is not in the recipe's folder", ""),
    ("  script: [make]", "  script: {file: other.sh}", 10, "script other.sh of scion", "Add the"),
    ("  script: [make]", "  skip: false", 7, "has sources and no script", "Add build.sh"),
    (
        "  script: [make]",
        "  script: [\"echo ${{ 'a' | nosuch }}\"]",
        10,
        "filter nosuch",
        "Correct",
    ),
    (
        "  script: [make]",
        '  script: ["echo ${{ nosuch(1) }}"]',
        10,
        "nosuch is unknown",
        "Correct",
    ),
    (
        "  script: [make]",
        '  script: ["echo ${{ nope }} ${{ PREFIX }}"]',
        10,
        "${{ nope }}",
        "Correct the template",
    ),
    ("  script: [make]", "  script: {file: /etc/passwd}", 10, "script /etc/passwd of", "Add the"),
    ("  script: [make]", "  script: {file: ../x.sh}", 10, "is not in the recipe's folder", "Add"),
    (
        TESTS,
        "tests: [{script: [\"${{ 'a' | nosuch }}\"]}]",
        11,
        "filter nosuch is",
        "Correct the template",
    ),
    (
        TESTS,
        "tests: [{script: {content: \"${{ 'a' | nosuch }}\"}}]",
        11,
        "filter nosuch is",
        "Correct the template",
    ),
    (
        TESTS,
        'tests: [{script: ["echo ${{ nope }}"]}]',
        11,
        "undefined value",
        "Correct the template",
    ),
    (
        TESTS,
        'tests: [{script: ["true"], files: {recipe: [inside, missing.sh]}}]',
        11,
        "a test needs 'missing.sh'",
        "Put it there",
    ),
    (HASH, f"{HASH}\n  target_directory: ../x", 7, "'../x' is outside of the build's", "folder"),
    (HASH, f"{HASH}\n  target_directory: /etc", 7, "'/etc' is outside of the build's", "folder"),
    (f"{SOURCE}\n{HASH}", "  path: inside\n  file_name: a/b", 6, "'a/b' is not the name", "Write"),
    (ABOUT, f"{ABOUT[:-1]}, license_file: /x}}", 12, "license_file '/x' is outside", "Write its"),
    (ABOUT, f"{ABOUT[:-1]}, license_file: [a, ../b]}}", 12, "license_file '../b' is", "Write"),
    ("    scope: channel", "    scope: chanel", 16, "scope is 'chanel'", "Write channel instead"),
    ("    scope: channel", "    scope: [a]", 16, "extra.rootstock.scope is ", "Known:"),
    ("    origin: source", "    origin: nonsense", 15, "origin is 'nonsense'", "Known: source"),
    ("    verified: true", "    verified: {a: 1}", 17, "extra.rootstock.verified is", "Write true"),
    ("    verified: true", '    verified: "yes"', 17, "extra.rootstock.verified is", "Write true"),
    ("    verified: true", "    verified: [[a]]", 17, "extra.rootstock.verified is", "Write true"),
    ("    scope: channel", "    audit: a", 16, "extra.rootstock.audit is not a list", "docs"),
    ("    scope: channel", "    audit: [{rule: a, file: b}]", 16, "audit is not a list", "docs"),
    ("    scope: channel", "    scop: channel", 16, "extra.rootstock.scop is unknown", "scope"),
    ("  rootstock:", "  rootstok:", 14, "extra.rootstok is unknown", "Write rootstock:"),
]


@pytest.mark.parametrize(("line", "other", "at", "said", "remedy"), ERRORS)
def test_an_error_has_its_line_and_a_remedy(
    tmp_path: Path, line: str, other: str, at: int, said: str, remedy: str
) -> None:
    (tmp_path / ".hidden").touch()
    (tmp_path / "inside").touch()
    (tmp_path.parent / "x.sh").touch()  # what is beside the recipe's folder is no part of it
    [finding] = [one for one in found(tmp_path, changed(line, other)) if one.serious]
    assert (finding.path, finding.line) == (tmp_path / "recipe.yaml", at)
    assert said in finding.message
    assert remedy in finding.remedy
    with pytest.raises(RecipeError) as caught:
        checks.require_buildable(render(tmp_path, {}, (), "linux-64"))
    assert caught.value.message.startswith(f"{tmp_path / 'recipe.yaml'}:{at}: ")
    assert caught.value.code == 2


@pytest.mark.parametrize(
    ("line", "other"),
    [
        ('  version: "1.0"', '  version: "1!1.0+local"'),
        ("  number: 0", '  number: "0"'),
        (STRING, "  string: nompi_h${{ hash }}_0"),
        (SOURCE, "  url: https://example.org/files/scion.tgz?download=1"),
        (SOURCE, "  url: [https://example.org/scion.tgz, https://mirror.example.org/s]"),
        (SOURCE, f"{SOURCE[:-15]}download?id=3\n  file_name: scion.tgz"),
        (SOURCE, "  url: https://example.org/größe.tgz"),
        (SOURCE, "  path: inside"),
        (SOURCE, "  url: pkg:pypi/x@1#x-1.0-py3-none-any.whl"),
        ("  script: [make]", "  script: {file: build.sh}"),
        ("  script: [make]", '  script: ["echo ${{ PREFIX }} ${{ PKG_VERSION }}"]'),
        ("    verified: true", "    verified: [scion-*]"),
        ("    verified: true", "    verified: ${{ 1 == 1 }}"),
        ('    released: "2024-08-13"', "    released: 2024-08-13"),
        ('    released: "2024-08-13"', '    released: {scion: "2024-08-13"}'),
        ("  rootstock:", "  recipe-maintainers: [somebody]\n  rootstock:"),
    ],
)
def test_what_can_be_built_is_not_refused(tmp_path: Path, line: str, other: str) -> None:
    (tmp_path / "build.sh").touch()
    (tmp_path / "inside").mkdir()
    assert [one.message for one in found(tmp_path, changed(line, other)) if one.serious] == []


TOMORROW = str(date.today() + timedelta(days=1))


@pytest.mark.parametrize(
    "said", [TOMORROW, "1989-12-31", "2024-02-30", "2024-8-13", "20240813", "soon", "2024-W33-2"]
)
def test_a_release_is_a_day_from_1990_to_today(tmp_path: Path, said: str) -> None:
    [finding] = found(tmp_path, GOOD.replace("2024-08-13", said))
    assert finding.serious
    assert finding.line == 18
    assert f"released is {said!r}" in finding.message


@pytest.mark.parametrize("said", ["[1]", "3", "true"])
def test_a_release_is_text(tmp_path: Path, said: str) -> None:
    assert any(one.serious for one in found(tmp_path, GOOD.replace('"2024-08-13"', said)))


@pytest.mark.parametrize(
    ("line", "other", "said"),
    [
        ('    released: "2024-08-13"', "", "extra.rootstock.released is missing"),
        (
            '    released: "2024-08-13"',
            '    released: {other: "2024-08-13"}',
            "released is missing",
        ),
        ("    origin: source", "", "extra.rootstock.origin is missing"),
        ('tests: [{script: ["true"]}]', "", "scion has no tests"),
        ("about: {license: MIT, summary: A scion}", "about: {license: MIT}", "about.summary"),
    ],
)
def test_what_is_only_advice_does_not_stop_planning(
    tmp_path: Path, line: str, other: str, said: str
) -> None:
    [finding] = found(tmp_path, changed(line, other))
    assert not finding.serious
    assert said in finding.message
    checks.require_buildable(render(tmp_path, {}, (), "linux-64"))


def test_the_line_is_that_of_the_output_that_is_meant(tmp_path: Path) -> None:
    text = """\
recipe: {name: two, version: "1.0"}
build: {script: [make]}
outputs:
  - package: {name: one}
    build:
      string: one_0
  - package: {name: other}
    build:
      string: other
"""
    [finding] = [one for one in found(tmp_path, text) if one.serious]
    assert finding.line == 9
    assert "other" in finding.message


def test_a_link_out_of_the_folder_is_reported(tmp_path: Path) -> None:
    folder = tmp_path / "scion"
    (folder / "sub").mkdir(parents=True)
    (folder / "sub/in").symlink_to("../recipe.yaml")
    (folder / "out").symlink_to("../other")
    (folder / "sub/out").symlink_to("../../other")
    (folder / "absolute").symlink_to("/etc/hostname")
    said = [one.message for one in found(folder, GOOD) if one.serious]
    assert said == [
        f"the link {name!r} leads out of the recipe's folder"
        for name in ("absolute", "out", "sub/out")
    ]


def test_a_name_that_is_not_utf8_is_reported(tmp_path: Path) -> None:
    (tmp_path / "größe.txt").touch()
    (Path(str(tmp_path).encode().decode()) / "gr\udcf6sse.txt").touch()
    [finding] = found(tmp_path, GOOD)
    assert "gr\\xf6sse.txt" in finding.message.replace("\\\\", "\\")
    assert "not UTF-8" in finding.message
    assert finding.message.isprintable()


STAGED = """\
recipe: {name: family, version: "1.0"}
outputs:
  - staging: {name: common}
    build: {script: [make]}
  - package: {name: scion}
    inherit: common
    build: {files: [share/**]}
"""


def test_an_output_that_cannot_be_built_alone_is_reported(tmp_path: Path) -> None:
    [finding] = [one for one in found(tmp_path, STAGED) if one.serious]
    assert (finding.line, finding.position) == (6, f"{tmp_path / 'recipe.yaml'}:6")
    assert "scion inherits from a staging output" in finding.message
