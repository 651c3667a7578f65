import re
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from rootstock.errors import UsageError
from rootstock.release import locks
from rootstock.release.place import Place

from .conftest import CELL, Released

# The expression that CEP 23 gives for a line of an explicit file.
CEP_23 = re.compile(
    r"(?:(?P<url_p>.+)(?:[/\\]))?(?P<fn>[^/\\#]+(?:\.tar\.bz2|\.conda))"
    r"(?:#((?P<md5>[0-9a-f]{32})|((sha256:)?(?P<sha256>[0-9a-f]{64}))))?$"
)


def _text(made: Released, ending: str) -> str:
    return (made.folder / f"{CELL.id}.{ending}").read_text()


def test_explicit_is_what_cep_23_says(released: Released) -> None:
    head, mark, *lines = _text(released, "txt").splitlines()
    assert (head, mark) == ("# platform: linux-64", "@EXPLICIT")
    found = [CEP_23.match(line) for line in lines]
    packages = released.release.of(CELL.id)
    assert [m["fn"] for m in found if m] == [p.filename for p in packages]
    assert [m["sha256"] for m in found if m] == [p.sha256 for p in packages]
    assert [m["url_p"] for m in found if m] == [
        f"{released.channel.as_uri()}/{p.subdir}" for p in packages
    ]


def test_an_older_conda_finds_md5s(released: Released) -> None:
    packages = released.release.of(CELL.id)
    text = locks.explicit_md5(packages, "linux-64", released.channel.as_uri())
    head, mark, *lines = text.splitlines()
    assert (head, mark) == ("# platform: linux-64", "@EXPLICIT")
    found = [CEP_23.match(line) for line in lines]
    assert [m["md5"] for m in found if m] == [p.md5 for p in packages]


def test_pixi_names_files_from_where_the_lock_is(released: Released) -> None:
    lock = yaml.safe_load(_text(released, "lock"))
    named = lock["environments"]["default"]["packages"]["linux-64"]
    for entry in named:
        assert (released.folder / entry["conda"]).is_file()
    pure = next(e for e in lock["packages"] if "pure" in e["conda"])
    assert pure["noarch"] == "python"
    top = next(e for e in lock["packages"] if "top" in e["conda"])
    assert top["depends"] == ["low >=1", "pure", "__glibc >=2.17,<3.0.a0"]


def test_with_a_public_url_both_name_it(publish: Callable[..., Released]) -> None:
    made = publish(url="https://example.org/channel")
    for ending in ("txt", "lock"):
        entries = locks.parse(_text(made, ending), "linux-64", "")
        assert entries[0].url == "https://example.org/channel/linux-64/low-1.0-h0_0.conda"


def test_both_formats_say_the_same(released: Released) -> None:
    read = [
        locks.read(str(released.folder / f"{CELL.id}.{ending}"), "linux-64")
        for ending in ("txt", "lock")
    ]
    assert [(e.url, e.sha256) for e in read[0]] == [(e.url, e.sha256) for e in read[1]]
    assert [e.sha256 for e in read[0]] == [p.sha256 for p in released.release.of(CELL.id)]
    assert all(e.md5 and e.size for e in read[1])


@pytest.mark.parametrize("ending", ["txt", "lock"])
@pytest.mark.parametrize("url", ["", "https://example.org/channel"])
def test_a_lock_of_a_copy_is_of_its_packages(
    publish: Callable[..., Released], tmp_path: Path, ending: str, url: str
) -> None:
    made = publish(url=url)
    copy = made.channel.rename(tmp_path / "copy")
    entries = locks.read(str(copy / f"releases/0001/{CELL.id}.{ending}"), "linux-64")
    assert entries[0].url == (copy / "linux-64/low-1.0-h0_0.conda").as_uri()


@pytest.mark.parametrize("ending", ["txt", "lock"])
def test_the_channel_of_a_lock_can_be_named(
    released: Released, tmp_path: Path, ending: str
) -> None:
    alone = tmp_path / f"alone.{ending}"
    alone.write_text(_text(released, ending))
    entries = locks.read(str(alone), "linux-64", "https://example.org/other/")
    assert entries[0].url == "https://example.org/other/linux-64/low-1.0-h0_0.conda"


def test_a_lock_alone_is_what_it_says(publish: Callable[..., Released], tmp_path: Path) -> None:
    made = publish(url="https://example.org/channel")
    alone = tmp_path / "alone.lock"
    alone.write_text(_text(made, "lock"))
    entries = locks.read(str(alone), "linux-64")
    assert entries[0].url == "https://example.org/channel/linux-64/low-1.0-h0_0.conda"


@pytest.mark.parametrize("ending", ["txt", "lock"])
def test_moved_to_another_url(released: Released, ending: str) -> None:
    packages = released.release.of(CELL.id)
    text = locks.moved(_text(released, ending), packages, "linux-64", "https://example.org/c")
    entries = locks.parse(text, "linux-64", "")
    assert [e.url for e in entries] == [f"https://example.org/c/{p.url}" for p in packages]
    assert [e.sha256 for e in entries] == [p.sha256 for p in packages]
    assert "file:" not in text


SHA = "a" * 64
REFUSED = [
    "@EXPLICIT\nfile:///c/linux-64/a-1-0.conda\n",  # no hash
    "@EXPLICIT\nfile:///c/linux-64/a-1-0.conda#" + "a" * 32,  # md5
    f"@EXPLICIT\nfile:///c/linux-64/a.conda#{SHA}",  # no package's name
    f"@EXPLICIT\nfile:///c/linux-64/a-1-0.tar.bz2#{SHA}",
    "root\nnumpy\n",
    "version: 6\n",
    "version: 6\nenvironments: {default: {packages: {osx-64: []}}}\npackages: []\n",
    "version: 6\nenvironments: {default: {packages: {linux-64: [{pypi: a}]}}}\npackages: []\n",
    "version: 6\nenvironments: {default: {packages: {linux-64: [{conda: x/a-1-0.conda}]}}}\n"
    "packages: [{conda: x/a-1-0.conda}]\n",
    "version: 6\nenvironments: {default: {packages: {linux-64: [{conda: x/a-1-0.tar.bz2}]}}}\n"
    f"packages: [{{conda: x/a-1-0.tar.bz2, sha256: {SHA}}}]\n",
    "{",
    "",
]


@pytest.mark.parametrize("text", REFUSED)
def test_what_is_no_lock_is_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / "a.lock").write_text(text)
    with pytest.raises(UsageError, match=r"a\.lock (has|is) "):
        locks.read(str(tmp_path / "a.lock"), "linux-64")


@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    with suppress(ValueError):
        locks.parse(text, "linux-64", "file:///a/b")


def test_no_lock_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no lock"):
        locks.read(str(tmp_path / "gone.lock"), "linux-64")


def test_urls_are_quoted() -> None:
    assert Place("file:///a").at("linux-64/b+c.conda") == "file:///a/linux-64/b%2Bc.conda"
