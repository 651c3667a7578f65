import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from rootstock.channel import release_model
from rootstock.channel.place import Place
from rootstock.core.errors import UsageError
from rootstock.release import locks
from rootstock.release.build import ReleaseInputs, build

from ..conftest import CELL, Released, records_of, smoked

# The expression that CEP 23 gives for a line of an explicit file.
CEP_23 = re.compile(
    r"(?:(?P<url_p>.+)(?:[/\\]))?(?P<fn>[^/\\#]+(?:\.tar\.bz2|\.conda))"
    r"(?:#((?P<md5>[0-9a-f]{32})|((sha256:)?(?P<sha256>[0-9a-f]{64}))))?$"
)

ENDINGS = ("txt", "lock", "conda-lock.yml")


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


def test_with_a_public_url_all_name_it(publish: Callable[..., Released]) -> None:
    made = publish(url="https://example.org/channel")
    for ending in ENDINGS:
        entries = locks.parse(_text(made, ending), "linux-64", "")
        assert entries[0].url == "https://example.org/channel/linux-64/low-1.0-h0_0.conda"


def test_all_formats_say_the_same(released: Released) -> None:
    read = [
        locks.read(str(released.folder / f"{CELL.id}.{ending}"), "linux-64") for ending in ENDINGS
    ]
    for one in read:
        assert [(e.url, e.sha256) for e in one] == [(e.url, e.sha256) for e in read[0]]
    assert [e.sha256 for e in read[0]] == [p.sha256 for p in released.release.of(CELL.id)]
    assert all(e.md5 and e.size for e in read[1])
    assert [e.md5 for e in read[2]] == [p.md5 for p in released.release.of(CELL.id)]


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("url", ["", "https://example.org/channel"])
def test_a_lock_of_a_copy_is_of_its_packages(
    publish: Callable[..., Released], tmp_path: Path, ending: str, url: str
) -> None:
    made = publish(url=url)
    copy = made.channel.rename(tmp_path / "copy")
    entries = locks.read(str(copy / f"releases/0001/{CELL.id}.{ending}"), "linux-64")
    assert entries[0].url == (copy / "linux-64/low-1.0-h0_0.conda").as_uri()


@pytest.mark.parametrize("ending", ENDINGS)
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


def test_conda_lock_is_what_cep_37_says(released: Released) -> None:
    lock = yaml.safe_load(_text(released, "conda-lock.yml"))
    channel = released.channel.as_uri()
    content_hash = lock["metadata"].pop("content_hash")
    assert set(content_hash) == {"linux-64"}
    assert re.fullmatch("[0-9a-f]{64}", content_hash["linux-64"])
    assert lock["version"] == 1
    assert lock["metadata"] == {
        "channels": [{"url": channel, "used_env_vars": []}],
        "platforms": ["linux-64"],
        "sources": [],
    }
    assert [entry["name"] for entry in lock["package"]] == ["low", "pure", "top"]
    top = released.release.packages["top-1.0-h0_0.conda"]
    assert lock["package"][2] == {
        "name": "top",
        "version": "1.0",
        "manager": "conda",
        "platform": "linux-64",
        "dependencies": {"low": ">=1", "pure": "", "__glibc": ">=2.17,<3.0.a0"},
        "url": f"{channel}/linux-64/top-1.0-h0_0.conda",
        "hash": {"md5": top.md5, "sha256": top.sha256},
        "build": "h0_0",
        "category": "main",
        "optional": False,
    }


def test_conda_lock_of_a_release_that_has_none_is_the_one_it_would_have(
    released: Released,
) -> None:
    packages = released.release.of(CELL.id)
    made = locks.conda_lock_of(
        _text(released, "lock"), packages, "linux-64", released.channel.as_uri()
    )
    assert made == _text(released, "conda-lock.yml")


def test_the_hash_of_conda_lock_is_of_the_packages_and_not_of_their_place(
    released: Released,
) -> None:
    def content_hash(channel: str, count: int) -> str:
        packages = released.release.of(CELL.id)[:count]
        text = locks.conda_lock_of(_text(released, "lock"), packages, "linux-64", channel)
        found: str = yaml.safe_load(text)["metadata"]["content_hash"]["linux-64"]
        return found

    assert content_hash("file:///a", 3) == content_hash("https://example.org/b", 3)
    assert content_hash("file:///a", 3) != content_hash("file:///a", 2)


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_version_that_is_quoted_in_urls(
    package: Any, inputs: ReleaseInputs, tmp_path: Path, ending: str
) -> None:
    """An epoch and a local version: `!` and `+` are quoted in addresses."""
    odd = package("odd", "1!1.0+local", depends=["python_abi 3.11.* *_cp311", "low >=1", "low <2"])
    audit = replace(next(iter(inputs.audits.values())), filename=odd.filename)
    proven = replace(inputs.cells[0], artifacts=[odd], smoke=smoked([odd]))
    (tmp_path / "channel/releases/0001").mkdir(parents=True)
    folder = tmp_path / "channel/releases/0001"
    changed = replace(inputs, cells=[proven], audits={odd.filename: audit})
    for name, content in build(changed, records_of(changed)).files.items():
        (folder / name).write_text(content)
    path = folder / f"{CELL.id}.{ending}"
    wanted = "linux-64/odd-1%211.0%2Blocal-h0_0.conda"
    [entry] = locks.read(str(path), "linux-64")
    assert entry.url == f"{(tmp_path / 'channel').as_uri()}/{wanted}"
    path.rename(tmp_path / f"alone.{ending}")
    [entry] = locks.read(str(tmp_path / f"alone.{ending}"), "linux-64", "https://example.org/c")
    assert entry.url == f"https://example.org/c/{wanted}"
    if ending == "lock":
        release = release_model.parse((folder / "release.json").read_bytes())
        text = (tmp_path / "alone.lock").read_text()
        moved = locks.moved(text, release.of(CELL.id), "linux-64", "file:///x")
        assert f"file:///x/{wanted}" in moved
        made = locks.conda_lock_of(text, release.of(CELL.id), "linux-64", "file:///x")
        [one] = yaml.safe_load(made)["package"]
        assert one["dependencies"] == {"python_abi": "3.11.* *_cp311", "low": ">=1,<2"}


SHA = "a" * 64
PIXI = """\
version: 6
environments: {{default: {{packages: {{linux-64: [{named}]}}}}}}
packages: [{of}]
"""
CONDA_LOCK = "version: 1\nmetadata: {{platforms: [linux-64]}}\npackage: [{}]\n"
LINE = f"file:///c/linux-64/a-1-0.conda#{SHA}"


def _pixi(*entries: str) -> str:
    named = ", ".join(f"{{conda: x/{n}-1-0.conda}}" for n in "abc"[: len(entries)])
    every = [f"{{conda: x/{n}-1-0.conda, {e}}}" for n, e in zip("abc", entries, strict=False)]
    return PIXI.format(named=named, of=", ".join(every))


def _conda_lock(*entries: str) -> str:
    own = "name: a, version: '1', platform: linux-64"
    return CONDA_LOCK.format(", ".join(f"{{{own}, {entry}}}" for entry in entries))


REFUSED = {
    "no hash": "@EXPLICIT\nfile:///c/linux-64/a-1-0.conda\n",
    "md5": "@EXPLICIT\nfile:///c/linux-64/a-1-0.conda#" + "a" * 32,
    "no package's name": f"@EXPLICIT\nfile:///c/linux-64/a.conda#{SHA}",
    "older package": f"@EXPLICIT\nfile:///c/linux-64/a-1-0.tar.bz2#{SHA}",
    "cut off": "# platform: linux-64\n@EXPLICIT\n",
    "the same line twice": f"@EXPLICIT\n{LINE}\n{LINE}\n",
    "two builds": f"@EXPLICIT\n{LINE}\n{LINE.replace('1-0', '1-1')}\n",
    "two subdirs": f"@EXPLICIT\n{LINE}\n{LINE.replace('linux-64', 'noarch')}\n",
    "a slash in its name": f"@EXPLICIT\nfile:///c/linux-64/a%2Fb-1-0.conda#{SHA}",
    "dots in its name": f"@EXPLICIT\nfile:///c/linux-64/..%2F..%2Fb-1-0.conda#{SHA}",
    "another scheme": f"@EXPLICIT\nftp://host/linux-64/a-1-0.conda#{SHA}",
    "no folder": f"@EXPLICIT\nhttp://host/a-1-0.conda#{SHA}",
    "no host": f"@EXPLICIT\nhttp:///linux-64/a-1-0.conda#{SHA}",
    "a blank": f"@EXPLICIT\nhttp://a b/linux-64/a-1-0.conda#{SHA}",
    "a query": f"@EXPLICIT\nhttp://host/linux-64/a-1-0.conda?x/b-1-0.conda#{SHA}",
    "names only": "root\nnumpy\n",
    "no environment": "version: 6\n",
    "other platform": "environments: {default: {packages: {osx-64: []}}}\npackages: []\n",
    "no package": "environments: {default: {packages: {linux-64: []}}}\npackages: []\n",
    "no package of conda's": PIXI.format(named="{pypi: a}", of=""),
    "pixi: no hash": _pixi("size: 1"),
    "pixi: hash null": _pixi("sha256: null"),
    "pixi: hash a number": _pixi("sha256: 12"),
    "pixi: hash a list": _pixi(f"sha256: [{SHA}]"),
    "pixi: md5 a number": _pixi(f"sha256: {SHA}, md5: 12"),
    "pixi: size a text": _pixi(f"sha256: {SHA}, size: large"),
    "pixi: size negative": _pixi(f"sha256: {SHA}, size: -1"),
    "pixi: size of no file": _pixi(f"sha256: {SHA}, size: {10**30}"),
    "pixi: size true": _pixi(f"sha256: {SHA}, size: true"),
    "pixi: older package": _pixi(f"sha256: {SHA}").replace(".conda", ".tar.bz2"),
    "pixi: a number for an address": PIXI.format(named="{conda: 1}", of="{conda: 1}"),
    "pixi: twice": _pixi(f"sha256: {SHA}", f"sha256: {SHA}").replace("b-1-0", "a-1-1"),
    "conda-lock: none": _conda_lock(),
    "conda-lock: later version": _conda_lock().replace("version: 1", "version: 2"),
    "conda-lock: other platform": _conda_lock().replace("linux-64", "osx-64"),
    "conda-lock: pip": _conda_lock(f"manager: pip, url: 'https://a/b', hash: {{sha256: {SHA}}}"),
    "conda-lock: no hash": _conda_lock("manager: conda, url: 'file:///c/noarch/a-1-0.conda'"),
    "conda-lock: md5 only": _conda_lock(
        f"manager: conda, url: 'file:///c/noarch/a-1-0.conda', hash: {{md5: {'a' * 32}}}"
    ),
    "conda-lock: no address": _conda_lock(f"manager: conda, hash: {{sha256: {SHA}}}"),
    "conda-lock: twice": _conda_lock(
        *[
            f"manager: conda, url: 'file:///c/noarch/a-1-{n}.conda', hash: {{sha256: {SHA}}}"
            for n in "01"
        ]
    ),
    "conda-lock: packages a text": "metadata: {platforms: [linux-64]}\npackage: all\n",
    "conda-lock: metadata a list": "metadata: []\npackage: []\n",
    "deep": "[" * 5000,
    "no YAML": "{",
    "empty": "",
}


@pytest.mark.parametrize("text", REFUSED.values(), ids=REFUSED.keys())
def test_what_is_no_lock_is_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / "a.lock").write_text(text)
    with pytest.raises(UsageError, match=r"a\.lock (has|is) "):
        locks.read(str(tmp_path / "a.lock"), "linux-64")


def test_a_lock_in_no_encoding_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.lock").write_bytes(b"@EXPLICIT\n\xff\n")
    with pytest.raises(UsageError, match=r"a\.lock"):
        locks.read(str(tmp_path / "a.lock"), "linux-64")


def test_what_is_for_others_in_a_conda_lock_is_left_out() -> None:
    """Other platforms, and categories that are installed on request only."""
    text = _conda_lock(
        f"manager: conda, url: 'file:///c/noarch/a-1-0.conda', hash: {{sha256: {SHA}}}",
        "manager: conda, url: x, hash: {}, category: dev",
        "platform: osx-64, manager: conda, url: x, hash: {}",
    )
    [entry] = locks.parse(text, "linux-64", "file:///a/b")
    assert entry.url == "file:///c/noarch/a-1-0.conda"


def _any() -> st.SearchStrategy[Any]:
    """Values as YAML has them, of any shape."""
    leaves = st.none() | st.booleans() | st.integers() | st.text() | st.just(SHA)
    return st.recursive(leaves, lambda one: st.lists(one) | st.dictionaries(st.text(), one))


@settings(deadline=None)  # the first takes long on a busy machine
@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    for start in ("", "@EXPLICIT\n"):
        with suppress(ValueError):
            locks.parse(start + text, "linux-64", "file:///a/b")


@settings(deadline=None, max_examples=50)
@given(_any(), _any(), _any(), _any())
def test_any_value_in_a_lock_is_read_or_refused(one: Any, two: Any, three: Any, four: Any) -> None:
    shapes: list[Any] = [
        {"environments": one, "packages": two},
        {"environments": {"default": {"packages": {"linux-64": one}}}, "packages": two},
        {
            "environments": {"default": {"packages": {"linux-64": [{"conda": one}]}}},
            "packages": [{"conda": one, "sha256": two, "md5": three, "size": four}],
        },
        {"version": one, "metadata": two, "package": three},
        {"metadata": {"platforms": ["linux-64"]}, "package": one},
        {
            "metadata": {"platforms": ["linux-64"]},
            "package": [{"platform": "linux-64", "manager": one, "url": two, "hash": three}],
        },
        {
            "metadata": {"platforms": ["linux-64"]},
            "package": [
                {
                    "platform": "linux-64",
                    "manager": "conda",
                    "url": one,
                    "hash": {"sha256": two, "md5": three},
                }
            ],
        },
    ]
    for shape in shapes:
        with suppress(ValueError):
            locks.parse(yaml.safe_dump(shape), "linux-64", "file:///a/b")


def test_no_lock_is_reported(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no lock"):
        locks.read(str(tmp_path / "gone.lock"), "linux-64")


def test_urls_are_quoted() -> None:
    assert Place("file:///a").at("linux-64/b+c.conda") == "file:///a/linux-64/b%2Bc.conda"
