from pathlib import Path
from typing import Any

import pytest

from rootstock.plan.key import Builder, build_key, builder_of, folder_hashes, key_inputs

INPUTS: dict[str, Any] = {
    "recipe": {"package": {"name": "graft"}},
    "variant": {"python": "3.11"},
    "files": {"build.sh": "aa"},
    "builder": Builder(image="image", fingerprint="print"),
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
        ("builder", Builder(image="other", fingerprint="print")),
        ("builder", Builder(image="image", fingerprint="other")),
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
    (tmp_path / "patches/own.patch").unlink()
    (tmp_path / "patches/own.patch").symlink_to("../build.sh")
    assert folder_hashes(tmp_path) != before
