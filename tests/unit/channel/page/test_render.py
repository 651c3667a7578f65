import os
import threading
from collections import Counter
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from rootstock.channel.layout import PAGE, SETTINGS, Layout
from rootstock.channel.page import render
from rootstock.channel.page.records import read
from rootstock.channel.reader import Channel
from rootstock.channel.settings import Settings
from rootstock.channel.stage import stage
from rootstock.core.errors import NoSpace, RefusedError, UsageError

from ....channels import hide, promote, rollback

EMPTY = ("meta", "link", "br")
HOSTILE = "<script>alert(1)</script>\"'&{{ 7 * 7 }}"


class Reader(HTMLParser):
    """Text, tags and addresses of a page; every tag has to be closed, in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: Counter[str] = Counter()
        self.ids: list[str] = []
        self.addresses: list[str] = []
        self.text = ""
        self.feed(text)
        assert self.open == []
        assert len(self.ids) == len(set(self.ids))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        for name, value in attrs:
            if name == "id":
                self.ids.append(value or "")
            if name in ("href", "src"):
                self.addresses.append(value or "")
        if tag not in EMPTY and not self.get_starttag_text().endswith("/>"):  # type: ignore[union-attr]
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag != "path":  # which ends itself
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if not {"style", "script"} & set(self.open):
            self.text += data


def show(channel: Path, **said: str) -> Reader:
    return Reader(render.render(read(Channel.at(channel)), Settings(**said)))


def test_it_says_what_there_is(publish_root: Any, tmp_path: Path) -> None:
    publish_root("6.38.00", "3.11", proven=False)
    publish_root("6.40.00", "3.13", check="roofit")
    shown = show(tmp_path / "channel", title="Ours", url="https://example.org/c/")
    text = " ".join(shown.text.split())
    for words in (
        "Ours",
        "ROOT 6.40.00 and 6.38.00 for Python 3.11 and 3.13",
        "conda create -n analysis \\ --override-channels \\ -c https://example.org/c root",
        "pixi init -c https://example.org/c analysis",
        "✓ tested",
        "Debian 11, release 2",
        "not tested",
        "passed, 1.2 s",
        "glibc 2.31",
        "2 of 2",
        "Release 2",
        "2 packages added",
        "from recipes at 0123456789ab",
    ):
        assert words in text
    for build in read(Channel.at(tmp_path / "channel")).builds:
        assert build.sha256 in text
        assert f"./{build.path}" in shown.addresses
    assert "./releases/0002/root6.40.00-cp313-linux_x86_64.txt" in shown.addresses


def test_links_lead_to_files_and_nothing_comes_from_elsewhere(
    publish_root: Any, tmp_path: Path
) -> None:
    publish_root()
    channel = tmp_path / "channel"
    [cell] = read(Channel.at(channel)).cells
    for file in cell.files.values():
        (channel / file).write_text("")
    signed = channel / read(Channel.at(channel)).packages[0].builds[0].attestation
    signed.parent.mkdir()
    signed.write_text("")
    (channel / read(Channel.at(channel)).releases[0].signature).write_text("")
    shown = show(channel)
    assert not {"script", "img", "iframe", "form"} & shown.tags.keys()
    for address in shown.addresses:
        if address.startswith("#"):
            assert address[1:] in shown.ids
        elif not address.startswith("data:"):
            assert address.startswith("./") and (channel / address).is_file(), address
    assert "url(" not in (Path(render.__file__).parent / "page.css").read_text()


def test_without_an_address_it_says_where_to_put_it(publish_root: Any, tmp_path: Path) -> None:
    publish_root()
    text = show(tmp_path / "channel").text
    assert "-c CHANNEL root" in text and "CHANNEL stands for the address" in text
    assert "CHANNEL" not in show(tmp_path / "channel", url="https://example.org").text


def test_hostile_names_are_shown_and_not_obeyed(publish_root: Any, tmp_path: Path) -> None:
    publish_root(check=HOSTILE)
    found = read(Channel.at(tmp_path / "channel"))
    package = found.packages[0]
    build = replace(
        package.builds[0],
        filename=HOSTILE,
        path=f"linux-64/{HOSTILE}",
        version=HOSTILE,
        sha256=HOSTILE,
        license=HOSTILE,
    )
    hostile = replace(
        found,
        name=HOSTILE,
        packages=(replace(package, name=HOSTILE, builds=(build,)), *found.packages),
        releases=(replace(found.releases[0], added=(HOSTILE,), commit=HOSTILE),),
    )
    text = render.render(hostile, Settings(about=HOSTILE, url=f"https://{HOSTILE}"))
    shown = Reader(text)
    assert "script" not in shown.tags
    assert shown.text.count(HOSTILE) >= 9
    [address] = [a for a in shown.addresses if "script" in a]
    assert address.startswith("./linux-64/%3Cscript%3E")


def test_an_empty_channel(tmp_path: Path) -> None:
    promote([], tmp_path / "channel")
    text = show(tmp_path / "channel").text
    assert "Nothing has been published here yet" in text
    assert "Install" not in text


def test_it_stays_light(publish_root: Any, package: Any, tmp_path: Path) -> None:
    channel = tmp_path / "channel"
    for minor in range(3):
        for python in ("3.11", "3.13"):
            publish_root(f"6.{minor}.00", python)
    promote([package(f"a-library-with-a-name-{n}") for n in range(98)], channel)
    assert len(read(Channel.at(channel)).packages) == 100
    assert (channel / PAGE).stat().st_size < 150_000


def test_many_versions_and_releases_are_cut_short(publish_root: Any, tmp_path: Path) -> None:
    for number in range(40):
        publish_root(f"6.{number}.00")
    text = " ".join(show(tmp_path / "channel").text.split())
    assert "ROOT 6.39.00, 6.38.00, 6.37.00 and 37 older for Python 3.11" in text
    assert "Release 11 " in text and "Release 10 " not in text
    assert "And 10 before these" in text


def test_a_promotion_writes_it_and_the_switch_shows_it(publish_root: Any, tmp_path: Path) -> None:
    publish_root("6.38.00")
    visible = tmp_path / "channel" / PAGE
    before = visible.read_text()
    publish_root("6.40.00")
    assert "6.40.00" in visible.read_text() and "6.40.00" not in before
    assert visible.readlink() == Path(".rootstock/current/index.html")
    old = Layout(tmp_path / "channel").generation(1) / PAGE
    assert old.read_text() == before


def test_a_page_of_its_own_stays(publish_root: Any, tmp_path: Path) -> None:
    (tmp_path / "channel").mkdir()
    own = tmp_path / "channel" / PAGE
    own.write_text("mine")
    publish_root()
    render.rewrite(Channel.at(tmp_path / "channel"))
    assert own.read_text() == "mine"


def test_it_is_written_again(publish_root: Any, tmp_path: Path) -> None:
    publish_root()
    channel = tmp_path / "channel"
    (channel / SETTINGS).write_text("title: Ours\nurl: https://example.org/ours\n")
    assert "Ours" not in (channel / PAGE).read_text()
    before = int((channel / PAGE).stat().st_mtime)
    assert render.rewrite(Channel.at(channel)) == channel / PAGE
    assert "<h1>Ours</h1>" in (channel / PAGE).read_text()
    assert "-c https://example.org/ours root" in (channel / PAGE).read_text()
    assert int((channel / PAGE).stat().st_mtime) > before


def test_a_channel_of_somebody_else_is_not_written_to(package: Any, tmp_path: Path) -> None:
    channel = stage([package("one")], tmp_path / "channel")
    with pytest.raises(RefusedError, match="did not make"):
        render.rewrite(Channel.at(channel))
    render.write_to(tmp_path / "page.html", Channel.at(channel), Settings())
    assert "one-1.0-h0_0.conda" in (tmp_path / "page.html").read_text()
    with pytest.raises(UsageError, match="cannot be written"):
        render.write_to(tmp_path / "no/page.html", Channel.at(channel), Settings())


def test_what_is_no_file_stays_what_it_is(publish_root: Any, tmp_path: Path) -> None:
    publish_root()
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = threading.Thread(target=lambda: printed.append(pipe.read_text()))
    printed: list[str] = []
    reader.start()
    render.write_to(pipe, Channel.at(tmp_path / "channel"), Settings())
    reader.join(20)
    assert pipe.is_fifo() and "<h1>" in printed[0]
    with pytest.raises(UsageError, match="cannot be written"):
        render.write_to(tmp_path, Channel.at(tmp_path / "channel"), Settings())


@pytest.mark.parametrize(
    "name",
    [
        "linux-64/repodata.json",
        "noarch/../linux-64/repodata.json",
        "channel.yaml",
        ".rootstock/current",
        ".rootstock/current/releases.json",
    ],
)
def test_no_file_of_the_channel_is_written_over(
    publish_root: Any, tmp_path: Path, name: str
) -> None:
    publish_root()
    channel = tmp_path / "channel"
    (channel / "channel.yaml").write_text("title: x")
    (tmp_path / "way").symlink_to(channel)
    before = (channel / name).is_dir() or (channel / name).read_bytes()
    for way in (channel, tmp_path / "way"):
        with pytest.raises(RefusedError, match="a file of the channel"):
            render.write_to(way / name, Channel.at(channel), Settings())
    assert ((channel / name).is_dir() or (channel / name).read_bytes()) == before
    render.write_to(channel / PAGE, Channel.at(channel), Settings(title="Mine"))
    assert "Mine" in (channel / PAGE).read_text()


def test_a_full_disk_is_reported_as_one(publish_root: Any, tmp_path: Path) -> None:
    publish_root()
    with pytest.raises(NoSpace):
        render.write_to(Path("/dev/full"), Channel.at(tmp_path / "channel"), Settings())


def test_a_page_that_cannot_be_put_leaves_nothing(publish_root: Any, tmp_path: Path) -> None:
    publish_root()
    (tmp_path / "folder").mkdir()
    before = sorted(os.listdir(tmp_path))
    for name in ("folder", "x" * 250):
        with pytest.raises(UsageError, match="cannot be written"):
            render.write_to(tmp_path / name, Channel.at(tmp_path / "channel"), Settings())
    assert sorted(os.listdir(tmp_path)) == before


@pytest.mark.parametrize(
    "text",
    [
        "title: [",
        "titel: x",
        "title: 1",
        "- x",
        "x",
        "url: 'http://a b/'",
        "url: 'x'",
        "a: " + "[" * 5000,
    ],
)
def test_settings_that_cannot_be(text: str, tmp_path: Path) -> None:
    (tmp_path / SETTINGS).write_text(text)
    with pytest.raises(UsageError, match=r"channel\.yaml"):
        Channel.at(tmp_path).settings()


def test_a_rollback_has_its_page(publish_root: Any, tmp_path: Path) -> None:
    channel = tmp_path / "channel"
    publish_root("6.38.00")
    publish_root("6.40.00")
    rollback(channel)
    text = " ".join(Reader((channel / PAGE).read_text()).text.split())
    assert "ROOT 6.38.00 for Python 3.11" in text
    assert "Rollback 3" in text and "Back to release 1." in text
    assert text.count("withdrawn") == 1 and text.count("shown again") == 1
    hide(channel, ["pyroot"], force=True)
    text = " ".join(Reader((channel / PAGE).read_text()).text.split())
    assert "Change 4" in text and "1 package hidden" in text and "✓ tested" not in text


def test_the_address_of_the_last_release(publish_root: Any, tmp_path: Path) -> None:
    channel = tmp_path / "channel"
    publish_root("6.38.00", url="https://old.example/c")
    publish_root("6.40.00", url="https://new.example/c")
    assert "-c https://new.example/c root" in show(channel).text
    rollback(channel)
    assert "-c https://old.example/c root" in show(channel).text
    publish_root("6.36.00", url="file:///srv/channel")
    assert "file:///" not in show(channel).text
    assert "-c https://said.example root" in show(channel, url="https://said.example").text
