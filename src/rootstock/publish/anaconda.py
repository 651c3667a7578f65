"""Publishes to anaconda.org, or a server with the same protocol.

A file exists once, with labels; each label is a channel of its own. Files are uploaded to the
staging label; one request adds the users' label to all of them. programs/anaconda.py does the work
with the site's own library, in its own environment.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rootstock.core.errors import RefusedError, UsageError
from rootstock.core.names import listed
from rootstock.core.tokens import Secret
from rootstock.publish import client, web
from rootstock.publish.snapshot import ChannelSnapshot, SnapshotPackage
from rootstock.publish.target import Missing, Notify, RemoteFile, RemoteState

SERVER = "https://api.anaconda.org"
CHANNELS = "https://conda.anaconda.org"
MAIN = "main"


@dataclass(frozen=True, kw_only=True)
class Anaconda:
    """A user's or an organisation's channel. `url` is that of the label `main`.

    `environment` has the site's library; `token` is empty where nothing will change, `timeout` the
    seconds that a request may wait for a byte.
    """

    user: str
    environment: Path
    token: Secret
    timeout: float
    label: str = MAIN
    staging: str = "staging"
    server: str = SERVER
    url: str = ""

    @property
    def name(self) -> str:
        """The name for people."""
        site = "" if self.server == SERVER else f" at {self.server}"
        return f"anaconda:{self.user}, label {self.label}{site}"

    @property
    def staged_url(self) -> str:
        """The channel of the staging label."""
        return self._channel(self.staging)

    @property
    def shown_url(self) -> str:
        """The channel of the users' label."""
        return self._channel(self.label)

    def _channel(self, label: str) -> str:
        whole = self.url or f"{CHANNELS}/{self.user}"
        return whole if label == MAIN else f"{whole}/label/{label}"

    def url_of(self, package: SnapshotPackage) -> str:
        """The URL of a staged package."""
        return web.join(self.staged_url, package.path)

    def look(self, snapshot: ChannelSnapshot) -> RemoteState:
        """Ask for every file of the snapshot's packages, and for everything with the labels.

        Raises `RefusedError` when something else is staged, because it would become visible, too.
        """
        names = sorted({package.name for package in snapshot.packages})
        files: dict[str, RemoteFile] = {}
        labelled: dict[str, set[str]] = {self.label: set(), self.staging: set()}
        for event in self._run("look", names=names, labels=[self.label, self.staging]):
            if event["event"] == "file":
                labels = set(event["labels"])
                files[event["path"]] = RemoteFile(
                    sha256=event["sha256"],
                    staged=self.staging in labels,
                    shown=self.label in labels,
                )
            elif event["event"] == "label":
                labelled[event["label"]] = set(event["paths"])
        own = {package.path for package in snapshot.packages}
        others = sorted(labelled[self.staging] - labelled[self.label] - own)
        if others:
            raise RefusedError(
                f"{self.name}: something else is staged, which would become visible, too: "
                f"{listed(others)}",
                f"Publish that first, remove its label {self.staging}, or stage elsewhere: "
                "--staging-label NAME.",
            )
        shown = {path for path, there in files.items() if there.shown}
        return RemoteState(files=files, settled=shown >= own)

    def put(self, snapshot: ChannelSnapshot, remote: RemoteState, notify: Notify) -> None:
        """Upload one file after the other: parallel uploads may conflict over a new package."""
        by_path = {package.path: package for package in remote.missing(snapshot)}
        if not by_path:
            return
        files = [
            {"path": path, "file": str(p.file), "sha256": p.sha256, "there": path in remote.files}
            for path, p in by_path.items()
        ]

        def report(event: client.Event) -> None:
            if event["event"] == "sent":
                notify(by_path[event["path"]], event["sent"])
            elif event["event"] == "put":
                notify(by_path[event["path"]], by_path[event["path"]].size)

        self._run("put", report, files=files, label=self.staging)

    def show(self, snapshot: ChannelSnapshot) -> None:
        """Add the users' label to all staged files: one request."""
        self._run("show", staging=self.staging, label=self.label)

    def _run(
        self, do: str, report: Callable[[client.Event], None] | None = None, **job: Any
    ) -> list[client.Event]:
        asked = {**job, "do": do, "user": self.user, "server": self.server}
        try:
            return client.run(
                "anaconda",
                self.environment,
                {**asked, "timeout": self.timeout},
                secrets={"ROOTSTOCK_TOKEN": self.token.value},
                server=self.server,
                report=report,
            )
        except Missing as error:
            raise UsageError(
                f"{self.server} has no user {self.user}, or not for this token"
            ) from error
