import os
from pathlib import Path

import pytest

from rootstock.acceptance import numbers


def test_whole_and_other_numbers_stay_what_they_are(tmp_path: Path) -> None:
    (tmp_path / "numbers.json").write_text('{"a": 9007199254740993, "b b": 0.1, "c": -1e300}')
    found = numbers.read(tmp_path, "numbers.json")
    assert found == {"a": 2**53 + 1, "b b": 0.1, "c": -1e300}
    assert isinstance(found["a"], int)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "Expecting value"),
        ("[1]", "is not an object"),
        ("{}", "has no number"),
        ('{"a": NaN}', "NaN is not a JSON number"),
        ('{"a": 1e999}', "inf is not a finite number"),
        ('{"a": 9223372036854775808}', "is not a finite number"),
        ('{"a": true}', "True is not a finite number"),
        ('{"a": "1"}', "'1' is not a finite number"),
        ('{"a": null}', "None is not a finite number"),
        ('{"": 1}', "has no name"),
        ('{"a\\n": 1}', "is not a line"),
        ("[" * 100_000, "nested too deeply"),
        (" " * (1 << 20) + '{"a": 1}', "larger than"),
        ("\xff", "codec can't decode"),
    ],
)
def test_what_is_no_number_is_refused(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "numbers.json").write_text(text, encoding="latin-1")
    with pytest.raises(ValueError, match=said):
        numbers.read(tmp_path, "numbers.json")


def test_a_link_or_pipe_in_its_place_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "other").write_text('{"a": 1}')
    (tmp_path / "link").symlink_to("other")
    os.mkfifo(tmp_path / "pipe")
    for name in ("link", "pipe", "nothing"):
        with pytest.raises(ValueError, match=name):
            numbers.read(tmp_path, name)
