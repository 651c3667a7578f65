"""A site that speaks anaconda.org's protocol and remembers: users, packages, releases, files.

As the client's library has the protocol; what the real site does beyond it is not known here.
"""

import base64
import hashlib
import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote, urlsplit

from .faulty import Answer, Faulty, State, form, sha256

USER, TOKEN = "physics", "tk-5e6e0c1d-not-to-be-seen"

# Every step of the protocol at which something can go wrong, in their order.
READS = ("user", "package", "label")
WRITES = ("new package", "release", "new release", "stage", "storage", "commit")


@dataclass
class File:
    content: bytes
    labels: set[str]
    index: dict[str, Any]


@dataclass
class Site(State):
    """The site. Files are by package, version and path; staged ones by their number."""

    url: str = ""
    packages: dict[str, set[str]] = field(default_factory=dict)
    files: dict[str, File] = field(default_factory=dict)
    staged: dict[str, tuple[str, dict[str, Any], bytes]] = field(default_factory=dict)

    def labelled(self, label: str) -> dict[str, str]:
        """The sha256 of every file with a label, by path."""
        return {
            path: sha256(file.content) for path, file in self.files.items() if label in file.labels
        }


class Handler(Faulty):
    @property
    def site(self) -> Site:
        assert isinstance(self.state, Site)
        return self.state

    @property
    def words(self) -> list[str]:
        return unquote(urlsplit(self.path).path).strip("/").split("/")

    def step(self) -> str:
        first, *rest = self.words
        if first in ("package", "release") and self.command == "POST":
            return f"new {first}"
        if first == "channels":
            return {"GET": "label", "POST": "copy" if "copy" in rest else "add"}[self.command]
        if first == "conda":
            return "index" if rest[-1] == "repodata.json" else "download"
        return first

    def act(self, body: bytes) -> None:
        first, *rest = self.words
        if first in ("conda", "storage"):
            getattr(self, first)(body, rest)
        if self.headers.get("Authorization") != f"token {TOKEN}":
            raise Answer(401, {"error": "no such token"})
        if rest[0] != USER:
            raise Answer(404, {"error": "no such user"})
        value = json.loads(body) if body else {}
        getattr(self, first)(value, rest[1:])

    def user(self, value: Any, rest: list[str]) -> None:
        raise Answer(200, {"login": USER})

    def package(self, value: Any, rest: list[str]) -> None:
        [name] = rest
        if self.command == "POST":
            self.site.packages.setdefault(name, set())
        if name not in self.site.packages:
            raise Answer(404, {"error": "no such package"})
        files = [
            {
                "basename": path,
                "sha256": sha256(file.content),
                "labels": sorted(file.labels),
            }
            for path, file in self.site.files.items()
            if file.index["name"] == name
        ]
        raise Answer(200, {"name": name, "files": files})

    def release(self, value: Any, rest: list[str]) -> None:
        name, version = rest
        if name not in self.site.packages:
            raise Answer(404, {"error": "no such package"})
        if self.command == "POST":
            self.site.packages[name].add(version)
        if version not in self.site.packages[name]:
            raise Answer(404, {"error": "no such release"})
        raise Answer(200, {"distributions": []})

    def stage(self, value: Any, rest: list[str]) -> None:
        name, version, *path = rest
        if version not in self.site.packages.get(name, ()):
            raise Answer(404, {"error": "no such release"})
        if "/".join(path) in self.site.files:
            raise Answer(409, {"error": "the file exists"})
        assert value["distribution_type"] == "conda"
        number = f"d{len(self.site.asked)}"
        value["attrs"] |= {"name": name, "version": version}
        self.site.staged[number] = ("/".join(path), value, b"")
        url = f"{self.site.url}/storage?signature=secret"
        raise Answer(200, {"post_url": url, "form_data": {"key": number}, "dist_id": number})

    def storage(self, body: bytes, rest: list[str]) -> None:
        assert not self.headers.get("Authorization")
        fields = form(body, self.headers["Content-Type"])
        digest = base64.b64encode(hashlib.md5(fields["file"]).digest())
        if digest != fields["Content-MD5"]:
            raise Answer(400, b"<Error><Code>InvalidDigest</Code></Error>")
        number = fields["key"].decode()
        path, value, _ = self.site.staged[number]
        self.site.staged[number] = (path, value, fields["file"])
        raise Answer(201, b"<ok/>")

    def commit(self, value: Any, rest: list[str]) -> None:
        path, staged, content = self.site.staged.pop(value["dist_id"])
        if sha256(content) != staged["sha256"]:
            raise Answer(400, {"error": "other bytes than were announced"})
        self.site.files[path] = File(content, set(staged["channels"]), staged["attrs"])
        raise Answer(200, {})

    def channels(self, value: Any, rest: list[str]) -> None:
        label = rest[0]
        if self.command == "GET":
            names = [
                {"full_name": f"{USER}/{file.index['name']}/{file.index['version']}/{path}"}
                for path, file in self.site.files.items()
                if label in file.labels
            ]
            if not names:
                raise Answer(404, {"error": "no such label"})
            raise Answer(200, {"files": names, "is_locked": False})
        if rest[1:2] == ["copy"]:
            for file in self.site.files.values():
                file.labels |= {rest[2]} if label in file.labels else set()
        else:
            self.site.files[value["basename"]].labels.add(label)
        raise Answer(201)

    def conda(self, body: bytes, rest: list[str]) -> None:
        label = rest[2] if rest[1] == "label" else "main"
        subdir, name = rest[-2:]
        there = {
            path.rpartition("/")[2]: file
            for path, file in self.site.files.items()
            if label in file.labels and path.startswith(f"{subdir}/")
        }
        if name == "repodata.json":
            records = {
                key: {**file.index, "sha256": sha256(file.content), "size": len(file.content)}
                for key, file in there.items()
            }
            raise Answer(
                200, {"info": {"subdir": subdir}, "packages": {}, "packages.conda": records}
            )
        if name in there:
            raise Answer(200, there[name].content)
        raise Answer(404)
