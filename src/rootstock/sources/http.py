"""Fetch a file from its upstream URL."""

import time
import urllib.error
import urllib.request
from http.client import HTTPException
from pathlib import Path

from rootstock.core import process
from rootstock.core.errors import SourceError, no_space_told
from rootstock.core.progress import Event, Listener

_TIMEOUT = 30  # seconds without a byte
_TRIES = 3
_CHUNK = 1 << 20  # bytes


def download(url: str, file: Path, listen: Listener) -> Path:
    """Write what a URL gives into a file, and return it; a server that fails is asked again.

    Raises `SourceError`, and `NoSpace`.
    """
    reason = ""
    for attempt in range(_TRIES):
        if attempt:
            time.sleep(2**attempt)
        try:
            with (
                no_space_told(file.parent),
                urllib.request.urlopen(url, timeout=_TIMEOUT) as answer,
                file.open("wb") as out,
            ):
                total = float(answer.headers.get("Content-Length") or 0) or None
                done = 0
                while chunk := answer.read(_CHUNK):
                    process.raise_if_interrupted()
                    done += out.write(chunk)
                    event = Event(
                        stage="sources",
                        item=file.name,
                        state="progress",
                        done=done,
                        total=total,
                        unit="B",
                    )
                    listen(event)
            return file
        except urllib.error.HTTPError as error:
            reason = f"HTTP {error.code} {error.reason}"
            if error.code < 500:
                break
        except (OSError, HTTPException) as error:
            reason = str(error)
    raise SourceError(reason)
