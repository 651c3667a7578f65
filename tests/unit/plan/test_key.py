from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest

from rootstock.plan.key import (
    Builder,
    as_built,
    build_key,
    builder_of,
    files_of,
    folder_hashes,
    key_inputs,
)
from rootstock.sources.source import source_name

INPUTS: dict[str, Any] = {
    "recipe": {"package": {"name": "graft"}},
    "variant": {"python": "3.11"},
    "files": {"build.sh": "aa"},
    "builder": Builder(image="image", parts={"inside.py": "print"}),
    "dependencies": {"libgcc-14": "bb"},
}


def test_the_same_inputs_have_the_same_key() -> None:
    assert build_key(key_inputs(**INPUTS)) == build_key(key_inputs(**INPUTS))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("recipe", {"package": {"name": "scion"}}),
        ("variant", {"python": "3.13"}),
        ("files", {"build.sh": "ab"}),
        ("files", {"build.sh": "aa", "new.patch": "aa"}),
        ("builder", Builder(image="other", parts={"inside.py": "print"})),
        ("builder", Builder(image="image", parts={"inside.py": "other"})),
        ("dependencies", {"libgcc-14": "bc"}),
        ("dependencies", {}),
    ],
)
def test_each_input_is_in_the_key(name: str, value: object) -> None:
    changed = {**INPUTS, name: value}
    assert build_key(key_inputs(**changed)) != build_key(key_inputs(**INPUTS))


def test_the_builder_is_made_of_its_programs_and_versions(tmp_path: Path) -> None:
    program = tmp_path / "inside.py"
    program.write_text("one")
    first = builder_of("image", {"py-rattler-build": "0.73.0"}, (program,))
    assert builder_of("image", {"py-rattler-build": "0.74.0"}, (program,)) != first
    program.write_text("two")
    assert builder_of("image", {"py-rattler-build": "0.73.0"}, (program,)) != first


def test_a_folder_is_what_a_build_sees_of_it(tmp_path: Path) -> None:
    for name in ("build.sh", "patches/own.patch", "recipe.yaml", "variants.yaml"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name)
    before = folder_hashes(tmp_path)
    assert set(before) == {"build.sh", "patches/own.patch"}
    for left in (".mypy_cache/3.11/x.json", "__pycache__/x.pyc", "patches/.own.patch.swp"):
        (tmp_path / left).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / left).write_text("a tool was here")
    assert folder_hashes(tmp_path) == before


def test_a_program_and_a_link_are_not_the_file_they_could_be_taken_for(tmp_path: Path) -> None:
    file = tmp_path / "run"
    file.write_text("../build.sh")
    file.chmod(0o644)
    plain = folder_hashes(tmp_path)
    file.chmod(0o664)
    assert folder_hashes(tmp_path) == plain  # another umask
    file.chmod(0o755)
    program = folder_hashes(tmp_path)
    file.unlink()
    file.symlink_to("../build.sh")
    assert len({found["run"] for found in (plain, program, folder_hashes(tmp_path))}) == 3


def test_a_build_knows_a_source_by_sha256_and_name_alone() -> None:
    entry = {"url": ["https://a.example/x/zlib-1.tgz", "https://b.example/z"], "sha256": "ab"}
    [here] = as_built({"source": [{**entry, "patches": ["own.patch"]}]})["source"]
    assert here == {
        "url": "file:///rootstock/sources/ab/zlib-1.tgz",
        "sha256": "ab",
        "patches": ["own.patch"],
    }
    assert as_built({"source": [{"path": "python.sh"}]})["source"] == [{"path": "python.sh"}]


@pytest.mark.parametrize(
    ("url", "more", "name", "path"),
    [
        ("https://a.example/files/bug-1.0.tar.gz?download=1", {}, "bug-1.0.tar.gz", None),
        ("https://a.example/files/bug-1.0.tar.gz#top", {}, "bug-1.0.tar.gz", None),
        ("https://a.example/files/bug%201%25.tgz", {}, "bug 1%.tgz", "bug%201%25.tgz"),
        ("https://a.example/files/bug%23%3F.tgz", {}, "bug#?.tgz", "bug%23%3F.tgz"),
        ("https://a.example/get?id=3", {"file_name": "bug 1.tgz"}, "bug 1.tgz", "bug%201.tgz"),
        ("pkg:pypi/a@1#a-1%2Bb-py3-none-any.whl", {}, "a-1+b-py3-none-any.whl", None),
        ("https://a.example/a_1~b+(c)=@!$&',;:.tgz", {}, "a_1~b+(c)=@!$&',;:.tgz", None),
    ],
)
def test_a_build_finds_a_source_by_the_name_it_has_in_the_store(
    url: str, more: dict[str, str], name: str, path: str | None
) -> None:
    entry = {"url": url, "sha256": "ab", **more}
    assert source_name(entry) == name
    [here] = as_built({"source": [entry]})["source"]
    assert here["url"] == f"file:///rootstock/sources/ab/{path or name}"
    assert unquote(urlsplit(here["url"]).path) == f"/rootstock/sources/ab/{name}"


def test_the_name_of_a_package_urls_file_is_its_last_part() -> None:
    assert source_name({"url": "pkg:deb/debian/zlib@1:1%2B3?arch=source#zlib_1%2B3.tgz"}) == (
        "zlib_1+3.tgz"
    )


def test_a_build_does_not_know_whether_the_recipe_was_verified() -> None:
    own = {"origin": "source", "verified": True}
    assert as_built({"extra": {"rootstock": own}}) == {"extra": {"rootstock": {"origin": "source"}}}
    assert own["verified"] is True


def test_a_patch_counts_where_it_is_applied(tmp_path: Path) -> None:
    for name in ("build.sh", "old.patch", "new.patch"):
        (tmp_path / name).write_text(name)
    recipe = {"source": [{"url": "x", "patches": ["old.patch"]}, {"url": "y"}]}
    files = folder_hashes(tmp_path)
    assert set(files_of(files, recipe)) == {"build.sh", "old.patch"}
    assert set(files_of(files, {})) == {"build.sh"}


def test_a_series_of_patches_counts_where_it_is_a_source(tmp_path: Path) -> None:
    for name in ("build.sh", "old.series", "new.series"):
        (tmp_path / name).write_text(name)
    recipe = {"source": [{"url": "x"}, {"path": "old.series"}]}
    assert set(files_of(folder_hashes(tmp_path), recipe)) == {"build.sh", "old.series"}
