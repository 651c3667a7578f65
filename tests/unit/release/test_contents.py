import json

import pytest

from rootstock.release import contents

from .conftest import CELL, Released


def test_a_record_is_read_as_it_was_written(released: Released) -> None:
    text = (released.folder / contents.RECORD).read_text()
    release = contents.parse(text)
    assert release == released.release
    assert release.text() == text


def test_keys_are_sorted(released: Released) -> None:
    text = released.release.text()
    assert text == json.dumps(json.loads(text), indent=1, sort_keys=True) + "\n"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"format": 2}, "another version"),
        ({"release": ...}, "missing 1 required"),
        ({"surprise": 1}, "surprise"),
        ({"cells": {CELL.id: {}}}, "smoke"),
        ({"packages": {}}, "a package that the release does not have"),
    ],
)
def test_what_is_no_record_is_told(
    released: Released, change: dict[str, object], told: str
) -> None:
    value = json.loads(released.release.text()) | change
    text = json.dumps({name: part for name, part in value.items() if part is not ...})
    with pytest.raises(ValueError, match=told):
        contents.parse(text)


@pytest.mark.parametrize("field", ["name", "url"])
def test_a_package_is_what_its_file_name_says(released: Released, field: str) -> None:
    value = json.loads(released.release.text())
    value["packages"]["low-1.0-h0_0.conda"][field] = "high"
    with pytest.raises(ValueError, match=r"is said to be at|not what its file name says"):
        contents.parse(json.dumps(value))
