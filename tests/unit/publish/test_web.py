import hashlib
from pathlib import Path

import pytest

from rootstock.core.errors import RefusedError
from rootstock.publish import web
from rootstock.publish.target import Conflict, Missing, TransientError


@pytest.mark.parametrize(
    ("status", "kind", "code"),
    [
        *((status, TransientError, 3) for status in (408, 429, 500, 502, 503)),
        (404, Missing, 3),
        *((status, Conflict, 5) for status in (409, 412)),
        *((status, RefusedError, 5) for status in (301, 400, 401, 403, 422)),
    ],
)
def test_what_a_status_is(status: int, kind: type, code: int) -> None:
    error = web.refusal(status, "GET somewhere", "no")
    assert type(error) is kind
    assert (error.code, error.message) == (code, f"GET somewhere: HTTP {status}: no")


def test_what_is_read_is_hashed(tmp_path: Path) -> None:
    file = tmp_path / "a b"
    file.write_bytes(b"content")
    url = web.join(tmp_path.as_uri(), "a b")
    assert web.sha256_of(url, timeout=1) == (hashlib.sha256(b"content").hexdigest(), 7)
    with pytest.raises(Missing):
        web.sha256_of(f"{url}c", timeout=1)


def test_what_is_not_json_may_be_later(tmp_path: Path) -> None:
    (tmp_path / "half").write_text('{"packages')
    with pytest.raises(TransientError, match="is not JSON"):
        web.read_json((tmp_path / "half").as_uri(), timeout=1)
