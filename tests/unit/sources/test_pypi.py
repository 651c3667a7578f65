import pytest

from rootstock.sources import purl
from rootstock.sources.pypi import WantedWheel, batches, wheel_options


@pytest.mark.parametrize(
    ("wheel", "options"),
    [
        (
            "root-0.1a12-cp313-cp313-manylinux_2_28_x86_64.whl",
            "--python-version 3.13 --implementation cp --abi cp313 "
            "--platform manylinux_2_28_x86_64",
        ),
        ("pip-26.0-py3-none-any.whl", ""),
        (
            "a-1-py3-none-manylinux_2_12_x86_64.manylinux2010_x86_64.whl",
            "--platform manylinux_2_12_x86_64 --platform manylinux2010_x86_64",
        ),
    ],
)
def test_pip_is_asked_for_just_that_wheel(wheel: str, options: str) -> None:
    assert wheel_options([wheel]) == options.split()


def wheels(*names: str) -> list[WantedWheel]:
    urls = [f"pkg:pypi/{name.split('-')[0]}@{name.split('-')[1]}#{name}" for name in names]
    return [WantedWheel(purl.parse(url), "0" * 64) for url in urls]


def test_wheels_for_one_python_are_fetched_together_and_each_project_once() -> None:
    found = batches(
        wheels(
            "a-1-cp311-cp311-manylinux_2_17_x86_64.whl",
            "b-1-cp311-cp311-manylinux_2_28_x86_64.whl",
            "a-1-cp313-cp313-manylinux_2_17_x86_64.whl",
            "c-1-py3-none-any.whl",
            "c-2-py3-none-any.whl",
        )
    )
    named = [[f"{one.purl.name}-{one.purl.version}" for one in batch] for batch in found]
    assert named == [["a-1", "b-1"], ["a-1"], ["c-1"], ["c-2"]]


def test_a_batch_has_an_end() -> None:
    found = batches(wheels(*(f"a{n}-1-py3-none-any.whl" for n in range(50))))
    assert [len(batch) for batch in found] == [20, 20, 10]
