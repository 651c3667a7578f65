"""HTTP for publishing: each wait has a limit, each failure a kind."""

import hashlib
import http.client
import json
import urllib.error
import urllib.request
from collections.abc import Iterable, Mapping
from typing import IO, Any
from urllib.parse import quote

from rootstock.core import process
from rootstock.core.errors import RefusedError
from rootstock.publish.target import Conflict, Missing, TransientError

GO_ON = "Run the same command again: it continues where this one stopped."
_CHUNK = 1 << 18
_EXCERPT = 300  # characters of an answer that an error shows
_PASSING = (408, 425, 429)  # transient ones below 500


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """A request with a token must only go where it was sent."""

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, *rest: Any
    ) -> None:
        return None


def request(
    method: str,
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    body: bytes | Iterable[bytes] | None = None,
    timeout: float,
) -> bytes:
    """Make a request and return the answer's body, without following redirects.

    Raises `Missing` for HTTP's 404, `Conflict` for 409, `RefusedError` for other refusals, and
    `TransientError` for errors that may pass.
    """
    opener = urllib.request.build_opener(_NoRedirects)
    asked = urllib.request.Request(url, data=body, headers=dict(headers or {}), method=method)
    return b"".join(_chunks(opener, asked, timeout))


def read_json(url: str, *, timeout: float) -> Any:
    """Read a public JSON file, bypassing caches on the way; raises as `request` does."""
    asked = urllib.request.Request(url, headers={"Cache-Control": "no-cache"})
    text = b"".join(_chunks(urllib.request.build_opener(), asked, timeout))
    try:
        return json.loads(text)
    except ValueError as error:
        raise TransientError(f"{url} is not JSON: {error}") from error


def sha256_of(url: str, *, timeout: float) -> tuple[str, int]:
    """Return the sha256 and the size of a public URL's content; raises as `request` does."""
    digest, size = hashlib.sha256(), 0
    for chunk in _chunks(urllib.request.build_opener(), urllib.request.Request(url), timeout):
        digest.update(chunk)
        size += len(chunk)
    return digest.hexdigest(), size


def join(url: str, path: str) -> str:
    """The URL of a path below another."""
    return f"{url}/{quote(path)}"


def _chunks(
    opener: urllib.request.OpenerDirector, asked: urllib.request.Request, timeout: float
) -> Iterable[bytes]:
    where = f"{asked.get_method()} {asked.full_url}"
    try:
        with opener.open(asked, timeout=timeout) as answer:
            length = answer.headers.get("Content-Length")
            got = 0
            while chunk := answer.read(_CHUNK):
                process.raise_if_interrupted()
                got += len(chunk)
                yield chunk
            if length is not None and got < int(length):
                raise TransientError(f"{where}: the connection ended after {got} of {length} bytes")
    except urllib.error.HTTPError as error:
        with error:
            raise refusal(error.code, where, _excerpt(error)) from error
    except urllib.error.URLError as error:
        if isinstance(error.reason, FileNotFoundError):
            raise Missing(f"{where}: it does not exist") from error
        raise TransientError(f"{where}: {error.reason}", GO_ON) from error
    except (OSError, http.client.HTTPException) as error:
        raise TransientError(f"{where}: {error or type(error).__name__}", GO_ON) from error


def refusal(status: int, where: str, answer: str = "") -> TransientError | Missing | RefusedError:
    """Return the error for an HTTP status."""
    message = f"{where}: HTTP {status}" + (f": {answer}" if answer else "")
    if status >= 500 or status in _PASSING:
        return TransientError(message, GO_ON)
    if status == 404:
        return Missing(message)
    if status in (409, 412):
        return Conflict(message)
    if status in (401, 403):
        return RefusedError(
            message, "Check that the token is right, not expired, and allowed to do this."
        )
    return RefusedError(message)


def _excerpt(error: urllib.error.HTTPError) -> str:
    try:
        text = error.read(4 * _EXCERPT).decode(errors="replace")
    except (OSError, http.client.HTTPException):
        return ""
    return " ".join(text.split())[:_EXCERPT]
