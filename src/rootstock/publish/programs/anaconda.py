"""Runs anaconda.org's own library, in the environment of ci/tools/anaconda.lock.

It reads one JSON object from standard input, and the token from the environment. It prints events,
one JSON object a line; the last is `done`, or `failed` with the HTTP `status`, 0 when the
connection failed. Imports nothing of rootstock.
"""

import json
import os
import sys
import time
from functools import partial
from typing import Any
from urllib.parse import urlsplit

import binstar_client
import requests
from binstar_client import Binstar, errors
from binstar_client.utils.config import PackageType
from binstar_client.utils.multipart_uploader import multipart_files_upload

_REPORT_EVERY = 0.5  # seconds
_EXCERPT = 300  # characters


def main() -> None:
    """Do the job from standard input."""
    job = json.load(sys.stdin)
    token = os.environ.pop("ROOTSTOCK_TOKEN", "")
    limit = (job["timeout"], job["timeout"])
    site = Binstar(token=token or None, domain=job["server"])
    # The library waits forever, and ten hours for the storage.
    site.session.request = partial(site.session.request, timeout=limit)
    binstar_client.multipart_files_upload = partial(_store, limit, multipart_files_upload)
    try:
        {"look": look, "put": put, "show": show}[job["do"]](site, job)
    except errors.BinstarError as error:
        status = next((a for a in error.args[1:] if isinstance(a, int)), 0)
        _report("failed", status=status, reason=f"{error.args[0] if error.args else error!r}")
    except requests.RequestException as error:
        _report("failed", status=0, reason=_where(error))
    else:
        _report("done")


def look(site: Binstar, job: dict[str, Any]) -> None:
    """Report every file of some packages, and every file with some labels."""
    user = job["user"]
    site.user(user)
    for name in job["names"]:
        try:
            package = site.package(user, name)
        except errors.NotFound:
            continue
        for file in package["files"]:
            _report(
                "file",
                path=file["basename"],
                sha256=file.get("sha256") or "",
                labels=file.get("labels") or [],
            )
    for label in job["labels"]:
        try:
            files = site.show_channel(label, user)["files"]
        except errors.NotFound:
            continue
        _report(
            "label", label=label, paths=["/".join(f["full_name"].split("/")[3:]) for f in files]
        )


def put(site: Binstar, job: dict[str, Any]) -> None:
    """Upload files to a label, or add it to existing files."""
    # Here, because it imports half a notebook.
    from binstar_client.inspect_package.conda import inspect_conda_package

    user, label = job["user"], job["label"]
    for file in job["files"]:
        package, release, dist = inspect_conda_package(file["file"])
        name, version, path = package["name"], release["version"], file["path"]
        if file["there"]:
            site.add_channel(label, user, name, version, path)
        else:
            _ensure(site, user, package, release)
            binstar_client.tqdm = partial(Progress, path)
            with open(file["file"], "rb") as content:
                site.upload(
                    user,
                    name,
                    version,
                    path,
                    content,
                    PackageType.CONDA,
                    description=release["description"],
                    sha256=file["sha256"],
                    dependencies=dist["dependencies"],
                    attrs=dist["attrs"],
                    channels=[label],
                )
        _report("put", path=path)


def show(site: Binstar, job: dict[str, Any]) -> None:
    """Add another label to everything with one label."""
    site.copy_channel(job["staging"], job["user"], job["label"])


def _ensure(site: Binstar, user: str, package: dict[str, Any], release: dict[str, Any]) -> None:
    """Create the package, and its version, of a file, if they are missing."""
    name, version = package["name"], release["version"]
    try:
        site.package(user, name)
    except errors.NotFound:
        site.add_package(
            user,
            name,
            summary=package["summary"],
            license=package["license"],
            license_url=package["license_url"],
            license_family=package["license_family"],
            public=True,
            package_type=PackageType.CONDA,
        )
    try:
        site.release(user, name, version)
    except errors.NotFound:
        attrs = {key: value for key, value in release.items() if key != "version"}
        site.add_release(user, name, version, [], "", attrs)


class Progress:
    """Replaces the library's progress bar, and reports the sent bytes."""

    def __init__(self, path: str, **_: Any) -> None:
        self.n, self._path, self._last = 0, path, 0.0

    def __enter__(self) -> "Progress":
        return self

    def __exit__(self, *exc: object) -> None:
        pass

    def update(self, more: int) -> None:
        """Count the bytes sent since the last call."""
        self.n += more
        if time.monotonic() - self._last > _REPORT_EVERY:
            self._last = time.monotonic()
            _report("sent", path=self._path, sent=self.n)


def _store(limit: Any, send: Any, *words: Any, **options: Any) -> Any:
    """Send a file to the storage; the library would parse any refusal as XML."""
    answer = send(*words, **options, timeout=limit)
    if answer.status_code != requests.codes.created:
        answer_text = " ".join(answer.text.split())[:_EXCERPT]
        raise errors.BinstarError(f"the storage answered {answer_text!r}", answer.status_code)
    return answer


def _where(error: requests.RequestException) -> str:
    """Describe a failure without the URL's query: URLs of the storage are signed."""
    what = "the connection broke"
    if isinstance(error, requests.Timeout):
        what = "no answer in time"
    if isinstance(error, requests.JSONDecodeError):
        what = "an answer that is not JSON"
    if error.request is None or not error.request.url:
        return what
    parts = urlsplit(str(error.request.url))
    return f"{error.request.method} {parts.scheme}://{parts.netloc}{parts.path}: {what}"


def _report(event: str, **what: Any) -> None:
    print(json.dumps({"event": event, **what}), flush=True)


main()
