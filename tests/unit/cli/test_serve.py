from pathlib import Path

import pytest

from rootstock.cli.serve import serve
from rootstock.core.errors import UsageError


def test_an_address_that_is_not_set_is_not_every_address(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--host is an empty word"):
        serve(tmp_path, host="", port=0)
