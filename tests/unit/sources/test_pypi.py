import pytest

from rootstock.sources.pypi import wheel_options


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
    assert wheel_options(wheel) == options.split()
