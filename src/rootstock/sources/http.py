"""Fetches a file from its upstream URL."""

import math
import time
import urllib.error
import urllib.request
from http.client import HTTPException
from pathlib import Path

from rootstock.core import process
from rootstock.core.errors import SourceError, raising_no_space
from rootstock.core.progress import Event, Listener

_TIMEOUT = 30  # seconds without a byte
_TRIES = 3
_CHUNK = 1 << 20  # bytes


def download(url: str, file: Path, listen: Listener, most: float = math.inf) -> Path:
    """Download a URL to a file, and return the file; retry when the server fails.

    Raises `SourceError`, also for a file of more than `most` bytes, and `NoSpace`.
    """
    reason = ""
    for attempt in range(_TRIES):
        if attempt:
            time.sleep(2**attempt)
        try:
            with (
                raising_no_space(file.parent),
                urllib.request.urlopen(url, timeout=_TIMEOUT) as answer,
                file.open("wb") as out,
            ):
                total = float(answer.headers.get("Content-Length") or 0) or None
                done = 0
                while chunk := answer.read(_CHUNK):
                    process.raise_if_interrupted()
                    if max(total or 0, done + len(chunk)) > most:
                        raise SourceError(f"the file has more than {most:,} bytes")
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
