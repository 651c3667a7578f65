"""What uv wrote is read for one Python: the best of the wheels that fit it."""

import pytest
import tomlkit
from packaging.requirements import Requirement

from rootstock.core.errors import SourceError
from rootstock.stack import resolve

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


def test_a_package_without_a_wheel_for_it_is_told() -> None:
    text = HEAD + package("bud", "bud-1.0-cp313-cp313-manylinux_2_28_x86_64.whl")
    with pytest.raises(SourceError, match="cannot be read"):
        resolve.read(text, "3.11.2")


def test_what_an_index_does_not_tell_is_told() -> None:
    text = HEAD + package("bud", "bud-1.0-py3-none-any.whl").replace("size = 3,", "")
    with pytest.raises(SourceError, match="does not give the size"):
        resolve.read(text, "3.11.2")


def test_versions_are_handed_on_as_a_lock() -> None:
    assert resolve.as_known({}) == ""
    known = tomlkit.parse(resolve.as_known({"bud": "1.0"}))
    assert known["lock-version"] == "1.0"
    assert known["packages"] == [{"name": "bud", "version": "1.0"}]


def test_what_is_known_of_source_distributions_is_not_asked_of_their_code() -> None:
    told = resolve.settings_of({"bud": (Requirement("scion<2"),), "leaf": ()})
    assert tomlkit.parse(told).unwrap() == {
        "dependency-metadata": [
            {"name": "bud", "requires-dist": ["scion<2"]},
            {"name": "leaf", "requires-dist": []},
        ]
    }
    assert resolve.settings_of({}) == ""
