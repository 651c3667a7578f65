from pathlib import Path

import pytest

from rootstock.cli.builders import builders_of
from rootstock.core.errors import UsageError
from rootstock.release import keys


def test_one_builder_asks_for_nothing() -> None:
    assert builders_of(1, [], [], None) is None


def test_a_key_alone_has_no_meaning(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--key goes with --builders or --attestation"):
        builders_of(1, [tmp_path / "bob.pub"], [], None)


def test_the_own_key_is_one_of_them(tmp_path: Path) -> None:
    mine = keys.new(tmp_path / "mine.pem")
    other = keys.new(tmp_path / "other.pem")
    for own in (mine, None):
        trusted = [tmp_path / "other.pub", *([] if own else [tmp_path / "mine.pub"])]
        needed = builders_of(2, trusted, [], own)
        assert needed and {key.id for key in needed.trusted} == {mine.id, other.id}
    with pytest.raises(UsageError, match="2 builders are asked for, but only 1 key could count"):
        builders_of(2, [tmp_path / "other.pub"], [], None)
