"""What uv wrote is read for one Python, the best wheel that fits; its reasons are reported."""

from pathlib import Path

import pytest
import tomlkit
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from rootstock.core.errors import NoSpace, RootstockError, SourceError, UsageError
from rootstock.stack import resolve
from rootstock.stack.resolve import Resolved

from . import uvs, wheels

HEAD = 'lock-version = "1.0"\ncreated-by = "uv"\n'
WHEEL = (
    '{{ url = "https://example.org/{name}", upload-time = 2026-07-01T17:11:54Z, size = 3,'
    ' hashes = {{ sha256 = "{sha}" }} }}'
)


def package(name: str, *wheels: str) -> str:
    files = ", ".join(WHEEL.format(name=one, sha=f"{n}" * 64) for n, one in enumerate(wheels))
    return f'[[packages]]\nname = "{name}"\nversion = "1.0"\nwheels = [{files}]\n'


def test_the_best_wheel_is_taken() -> None:
    text = HEAD + package(
        "bud",
        "bud-1.0-py3-none-any.whl",
        "bud-1.0-cp311-cp311-manylinux_2_17_x86_64.whl",
        "bud-1.0-cp311-cp311-manylinux_2_28_x86_64.whl",
        "bud-1.0-cp313-cp313-manylinux_2_28_x86_64.whl",
    )
    [old] = resolve.read(text, "3.11.2")
    assert old.file == "bud-1.0-cp311-cp311-manylinux_2_28_x86_64.whl"
    assert (old.sha256, old.size, old.released.isoformat()) == ("2" * 64, 3, "2026-07-01")
    [new] = resolve.read(text, "3.13.5")
    assert "cp313" in new.file
    [none] = resolve.read(text, "3.14.7")
    assert none.file == "bud-1.0-py3-none-any.whl"


def test_a_wheel_of_a_stable_interface_serves_later_pythons() -> None:
    text = HEAD + package("bud", "bud-1.0-cp39-abi3-manylinux2014_x86_64.whl")
    assert [one.project for one in resolve.read(text, "3.14.7")] == ["bud"]


def test_a_package_without_a_wheel_for_it_is_reported() -> None:
    text = (
        HEAD
        + package("leaf", "leaf-1.0-py3-none-any.whl")
        + package("bud", "bud-1.0-cp313-cp313-manylinux_2_28_x86_64.whl")
        + package("twig", "twig-1.0-cp311-cp311-manylinux_2_35_x86_64.whl")
    )
    said = (
        r"\[sets\.x\], Python 3\.11\.2: there is no wheel .* glibc 2\.28, of bud 1\.0, twig 1\.0$"
    )
    with pytest.raises(UsageError, match=said) as caught:
        resolve.read(text, "3.11.2", "ci/stack.toml: [sets.x]")
    assert "python_version" in caught.value.remedy
    assert caught.value.code == 2


@pytest.mark.parametrize("text", ["", "no TOML", HEAD + 'requires-python = ">=4"\npackages = []\n'])
def test_what_is_no_lock_is_reported(text: str) -> None:
    with pytest.raises(SourceError, match=r"uv's lock for Python 3\.11\.2 cannot be read"):
        resolve.read(text, "3.11.2")


@pytest.fixture
def index(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UV_DEFAULT_INDEX", "https://example.org/simple")


def run(folder: Path, uv: Path, *packages: str, timeout: float = 60.0) -> list[Resolved]:
    return resolve.resolve(
        [Requirement(one) for one in packages],
        {"leaf": SpecifierSet("<2"), "any": SpecifierSet()},
        "3.11.2",
        uv=uv,
        folder=folder,
        asker="ci/stack.toml: [sets.x]",
        timeout=timeout,
    )


def failure(folder: Path, code: int, output: str, timeout: float = 60.0) -> RootstockError:
    uv = uvs.ending(folder, code, output, seconds=20.0 if timeout < 20 else 0.0)
    with pytest.raises(RootstockError) as caught:
        run(folder, uv, "bud", timeout=timeout)
    return caught.value


@pytest.mark.usefixtures("index")
def test_what_uv_chooses_is_returned(tmp_path: Path) -> None:
    made = [wheels.make(tmp_path, "bud"), *(wheels.make(tmp_path, "leaf", v) for v in "123")]
    found = run(tmp_path, uvs.resolving(tmp_path, made), "leaf", "bud>=1")
    assert [(one.project, one.version) for one in found] == [("bud", "1.0"), ("leaf", "1")]


@pytest.mark.usefixtures("index")
def test_a_name_that_the_index_lacks_is_reported(tmp_path: Path) -> None:
    uv = uvs.resolving(tmp_path, [wheels.make(tmp_path, "bud")])
    with pytest.raises(UsageError) as caught:
        run(tmp_path, uv, "bud", "bub")
    first, *reason = caught.value.message.splitlines()
    assert first == "ci/stack.toml: [sets.x], Python 3.11.2: the package index has no project bub:"
    assert "bub was not found" in reason[-1]
    assert caught.value.remedy.startswith("Correct the name")
    assert caught.value.code == 2


@pytest.mark.usefixtures("index")
def test_packages_that_do_not_fit_together_are_reported_with_uvs_reason(tmp_path: Path) -> None:
    said = failure(
        tmp_path, 1, "error: No solution found\n  cause: Because you require a<1 and a>2"
    )
    assert isinstance(said, UsageError)
    assert said.message.splitlines() == [
        "ci/stack.toml: [sets.x], Python 3.11.2: these packages cannot be installed together:",
        "    error: No solution found",
        "      cause: Because you require a<1 and a>2",
    ]
    assert "ci/stack.toml" in said.remedy


@pytest.mark.usefixtures("index")
@pytest.mark.parametrize("has", ["usable wheels", "wheels with a matching Python ABI tag"])
def test_a_package_that_uv_finds_no_wheel_of_is_reported(tmp_path: Path, has: str) -> None:
    said = failure(tmp_path, 1, f"cause: Because bud==1.0 has no {has} and you require bud")
    assert isinstance(said, UsageError)
    assert "[sets.x], Python 3.11.2: no wheel fits of bud==1.0:" in said.message
    assert "python_version" in said.remedy


@pytest.mark.usefixtures("index")
@pytest.mark.parametrize(
    "has", ["invalid metadata", "inconsistent metadata", "an invalid package format"]
)
def test_a_package_whose_metadata_uv_cannot_read_is_reported(tmp_path: Path, has: str) -> None:
    said = failure(tmp_path, 1, f"cause: Because bud==1.0 has {has} and you require bud")
    assert isinstance(said, SourceError)
    assert "[sets.x], Python 3.11.2: the metadata cannot be read of bud==1.0:" in said.message
    assert "Bound its version" in said.remedy


@pytest.mark.usefixtures("index")
def test_a_long_reason_is_shortened(tmp_path: Path) -> None:
    lines = [f"line {n}" if n % 2 else "" for n in range(400)] + ["the end " * 200]
    said = failure(tmp_path, 1, "\n".join(lines)).message.splitlines()
    assert said[1:3] == ["    line 1", "    line 3"]
    assert len(said) < 30
    [left_out] = [line for line in said if "lines more" in line]
    shown = [line for line in said[1:] if line != left_out]
    assert int(left_out.split()[1]) + len(shown) == 201
    assert said[-2] == "    line 399"
    assert said[-1].startswith("    the end the end") and said[-1].endswith(" ...")
    assert max(map(len, said)) < 320


def test_a_reason_is_not_cut_to_gain_one_line() -> None:
    whole = "\n".join(f"line {n}" for n in range(27))
    assert len(resolve.shortened(whole).splitlines()) == 27
    assert len(resolve.shortened(f"{whole}\nmore").splitlines()) == 27


@pytest.mark.usefixtures("index")
def test_an_index_that_does_not_answer_is_no_fault_of_the_set(tmp_path: Path) -> None:
    said = failure(tmp_path, 2, "error: Failed to fetch: https://me:secret@example.org/simple/bud/")
    assert isinstance(said, SourceError)
    assert "[sets.x], Python 3.11.2: uv could not resolve the packages:" in said.message
    assert "Failed to fetch" in said.message and "secret" not in said.message
    assert "network" in said.remedy
    assert said.code == 3


@pytest.mark.usefixtures("index")
def test_an_index_that_never_answers_is_reported(tmp_path: Path) -> None:
    said = failure(tmp_path, 0, "", timeout=0.5)
    assert isinstance(said, SourceError) and "within 0.5 s" in said.message


@pytest.mark.usefixtures("index")
def test_a_full_disk_is_reported(tmp_path: Path) -> None:
    assert isinstance(failure(tmp_path, 2, "error: No space left on device (os error 28)"), NoSpace)


def test_what_an_index_does_not_say_is_reported() -> None:
    text = HEAD + package("bud", "bud-1.0-py3-none-any.whl").replace("size = 3,", "")
    with pytest.raises(SourceError, match="does not give the size"):
        resolve.read(text, "3.11.2")


def test_versions_are_handed_on_as_a_lock() -> None:
    assert resolve.as_known({}) == ""
    known = tomlkit.parse(resolve.as_known({"bud": "1.0"}))
    assert known["lock-version"] == "1.0"
    assert known["packages"] == [{"name": "bud", "version": "1.0"}]


def test_what_is_known_of_source_distributions_is_not_asked_of_their_code() -> None:
    said = resolve.settings_of({"bud": (Requirement("scion<2"),), "leaf": ()})
    assert tomlkit.parse(said).unwrap() == {
        "dependency-metadata": [
            {"name": "bud", "requires-dist": ["scion<2"]},
            {"name": "leaf", "requires-dist": []},
        ]
    }
    assert resolve.settings_of({}) == ""
