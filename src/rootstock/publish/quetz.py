"""Publishes to Quetz, a channel server to host: packages go to a staging channel first.

Quetz rewrites a channel's index after each upload. So the users' channel gets everything new in one
request, and its index changes once.
"""

import json
import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rootstock.core.errors import RefusedError, UsageError
from rootstock.core.tokens import Secret
from rootstock.publish import web
from rootstock.publish.snapshot import ChannelSnapshot, SnapshotPackage
from rootstock.publish.target import (
    Conflict,
    Missing,
    Notify,
    RemoteFile,
    RemoteState,
    TransientError,
)

_CHUNK = 1 << 18


@dataclass(frozen=True, kw_only=True)
class Quetz:
    """A channel of a Quetz server at the URL `server`, without a slash at its end.

    The staging channel has the same name with `staging` at its end.
    """

    server: str
    channel: str
    token: Secret
    timeout: float
    staging: str = "staging"

    @property
    def name(self) -> str:
        """The name for people."""
        return f"quetz:{self.server}/{self.channel}"

    @property
    def staged(self) -> str:
        """The name of the staging channel."""
        return f"{self.channel}-{self.staging}"

    @property
    def staged_url(self) -> str:
        """The staging channel."""
        return f"{self.server}/get/{self.staged}"

    @property
    def shown_url(self) -> str:
        """The users' channel."""
        return f"{self.server}/get/{self.channel}"

    def url_of(self, package: SnapshotPackage) -> str:
        """The URL of a staged package."""
        return web.join(self.staged_url, package.path)

    def look(self, snapshot: ChannelSnapshot) -> RemoteState:
        """Ask for all versions of the snapshot's packages, in both channels.

        Raises `UsageError` when there is no such channel.
        """
        try:
            self._get(f"channels/{self.channel}")
        except Missing as error:
            raise UsageError(
                f"{self.server} has no channel {self.channel}, or not for this key",
                "Make it there, and choose whether everybody may read it.",
            ) from error
        names = sorted({package.name for package in snapshot.packages})
        shown, staged = self._files(self.channel, names), self._files(self.staged, names)
        files = {
            path: RemoteFile(
                sha256=_one(shown.get(path, ""), staged.get(path, "")),
                staged=path in staged,
                shown=path in shown,
            )
            for path in {*shown, *staged}
        }
        return RemoteState(files=files, settled={p.path for p in snapshot.packages} <= shown.keys())

    def put(self, snapshot: ChannelSnapshot, remote: RemoteState, notify: Notify) -> None:
        """Upload the missing packages to the staging channel, and make it if necessary."""
        try:
            self._get(f"channels/{self.staged}")
        except Missing:
            about = {"name": self.staged, "private": False, "description": f"For {self.channel}"}
            self._post("channels", [json.dumps(about).encode()], "application/json")
        for package in remote.missing(snapshot):
            path = f"channels/{self.staged}/upload/{package.filename}?sha256={package.sha256}"
            self._post(path, _read(package, notify), "application/octet-stream", package.size)

    def show(self, snapshot: ChannelSnapshot) -> None:
        """Upload what the users' channel lacks to it: one request, one new index."""
        hidden = self.look(snapshot).hidden(snapshot)
        boundary = secrets.token_hex(16)
        parts = [_part(package, boundary) for package in hidden]
        end = f"--{boundary}--\r\n".encode()
        size = sum(len(head) + p.size + 2 for head, p in zip(parts, hidden, strict=True))

        def body() -> Iterator[bytes]:
            for head, package in zip(parts, hidden, strict=True):
                yield head
                yield from _read(package, lambda package, sent: None)
                yield b"\r\n"
            yield end

        kind = f"multipart/form-data; boundary={boundary}"
        try:
            self._post(f"channels/{self.channel}/files/", body(), kind, size + len(end))
        except Conflict as error:
            if len(self.look(snapshot).hidden(snapshot)) < len(hidden):
                raise TransientError(
                    error.message
                ) from error  # somebody was faster: continue with the rest
            raise RefusedError(
                error.message,
                "The server has unlisted files of the channel, left by an interrupted request. "
                "Ask its owner to run the action `cleanup` for the channel.",
            ) from error

    def _files(self, channel: str, names: Sequence[str]) -> Mapping[str, str]:
        """Return the sha256 of every file of these packages in a channel, by path."""
        files = {}
        for name in names:
            try:
                versions = self._get(f"channels/{channel}/packages/{name}/versions")
            except Missing:
                continue
            for version in versions:
                path = f"{version['platform']}/{version['filename']}"
                files[path] = str(version["info"].get("sha256") or "")
        return files

    def _get(self, path: str) -> Any:
        url = f"{self.server}/api/{path}"
        return json.loads(web.request("GET", url, headers=self._key(), timeout=self.timeout))

    def _post(
        self, path: str, body: Sequence[bytes] | Iterator[bytes], kind: str, size: int | None = None
    ) -> None:
        length = sum(map(len, body)) if isinstance(body, Sequence) else size
        headers = {**self._key(), "Content-Type": kind, "Content-Length": str(length)}
        url = f"{self.server}/api/{path}"
        web.request("POST", url, headers=headers, body=body, timeout=self.timeout)

    def _key(self) -> Mapping[str, str]:
        return {"X-API-Key": self.token.value} if self.token.value else {}


def _one(shown: str, staged: str) -> str:
    """Return the sha256 of a file in two channels; if they differ, a text that matches no file."""
    return shown or staged if not (shown and staged) or shown == staged else f"{shown} {staged}"


def _read(package: SnapshotPackage, notify: Notify) -> Iterator[bytes]:
    sent = 0
    with package.file.open("rb") as file:
        while chunk := file.read(_CHUNK):
            yield chunk
            sent += len(chunk)
            notify(package, sent)


def _part(package: SnapshotPackage, boundary: str) -> bytes:
    disposition = f'form-data; name="files"; filename="{package.filename}"'
    kind = "application/octet-stream"
    return (
        f"--{boundary}\r\nContent-Disposition: {disposition}\r\nContent-Type: {kind}\r\n\r\n"
    ).encode()
