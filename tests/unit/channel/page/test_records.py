import json
from pathlib import Path
from typing import Any

import pytest

from rootstock.channel.page import records
from rootstock.channel.reader import Channel
from rootstock.channel.stage import stage
from rootstock.core.errors import RefusedError, UsageError

from ....channels import promote, rollback


def test_what_is_offered_and_proven(publish_root: Any, tmp_path: Path) -> None:
    publish_root("6.38.00", "3.9")
    publish_root("6.40.00", "3.9", proven=False)
    publish_root("6.40.00", "3.13")
    read = records.read(Channel.at(tmp_path / "channel"))
    assert read.roots == ("6.40.00", "6.38.00")
    assert read.pythons == ("3.9", "3.13")
    assert read.offered == {("6.38.00", "3.9"), ("6.40.00", "3.9"), ("6.40.00", "3.13")}
    assert [(cell.root, cell.python) for cell in read.cells] == [
        ("6.40.00", "3.13"),
        ("6.38.00", "3.9"),
    ]
    cell = read.latest["6.40.00", "3.13"]
    assert (cell.release, cell.system, cell.glibc, cell.passed) == (3, "Debian 11", "2.31", True)
    assert (cell.seconds, cell.packages, cell.audited) == (1.75, 2, 2)
    assert cell.files["explicit"] == "releases/0003/root6.40.00-cp313-linux_x86_64.txt"
    assert set(cell.files) == {"explicit", "pixi", "sbom"}


def test_what_is_said_of_a_package(publish_root: Any, tmp_path: Path) -> None:
    publish_root("6.38.00", floor="2.28")
    publish_root("6.40.00")
    read = records.read(Channel.at(tmp_path / "channel"))
    pyroot, root = read.packages
    assert (pyroot.name, root.name) == ("pyroot", "root")
    assert pyroot.versions == ("6.40.00", "6.38.00")
    assert (pyroot.floor, read.floor) == ("2.17", "2.28")
    newest, older = pyroot.builds
    assert (newest.python, newest.floor, newest.proven) == ("3.11", "2.17", "2.14")
    assert (newest.release, older.release) == (2, 1)
    assert newest.audited and newest.path == f"linux-64/{newest.filename}"
    assert (tmp_path / "channel" / newest.path).stat().st_size == newest.size
    assert newest.attestation == f"releases/0002/attestations/{newest.filename}.json"
    assert root.builds[0].attestation == ""
    assert read.size == sum(build.size for build in read.builds)


def test_the_latest_visible_proof_counts(publish_root: Any, tmp_path: Path, package: Any) -> None:
    publish_root()
    publish_root("6.38.00")
    artifacts = [package("pyroot", "6.40.00", build="py311h0_0"), package("extra")]
    channel = tmp_path / "channel"
    record = channel / "releases/0001/release.json"
    said = json.loads(record.read_text())
    said["packages"][artifacts[0].filename]["floor"]["proven"] = "2.15"
    said["release"] = 3

    def again(number: int, time: str) -> dict[str, str]:
        return {"release.json": json.dumps(said)}

    [cell] = said["cells"]
    names = {cell: [*said["packages"], "extra-1.0-h0_0.conda"]}
    promote(artifacts[1:], channel, cells=names, release=again)
    assert _proof(channel) == (3, "2.15")
    rollback(channel)
    assert _proof(channel) == (1, "2.14")


def _proof(channel: Path) -> tuple[int, str]:
    """The release that proves ROOT 6.40.00, and the glibc its pyroot was proven to need."""
    read = records.read(Channel.at(channel))
    [build] = [b for b in read.builds if (b.name, b.version) == ("pyroot", "6.40.00")]
    return read.latest["6.40.00", "3.11"].release, build.proven


def test_pythons_of_packages() -> None:
    cases = {
        ("python", "3.11.2", ()): "3.11",
        ("numpy", "2.0", ("python_abi 3.13.* *_cp313", "python >=3.13,<3.14.0a0")): "3.13",
        ("pure", "1.0", ("python >=3.9",)): "",
        ("tool", "1.0", ("python 3.9.*",)): "3.9",
        ("zlib", "1.3", ("__glibc >=2.17",)): "",
    }
    for (name, version, depends), expected in cases.items():
        assert records._python(name, version, depends) == expected


def test_a_channel_of_somebody_else(package: Any, tmp_path: Path) -> None:
    read = records.read(
        Channel.at(stage([package("one", "1.0"), package("one", "1.10")], tmp_path / "c"))
    )
    assert (read.number, read.releases, read.cells) == (0, (), ())
    assert read.packages[0].versions == ("1.10", "1.0")


def test_no_channel(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is not a channel"):
        records.read(Channel.at(tmp_path))
    with pytest.raises(UsageError, match="There is no channel"):
        records.read(Channel.at(tmp_path / "nothing"))


DEEP = "[" * 100_000


@pytest.mark.parametrize("text", ["{}", "", "[]", "x", DEEP, "\udcff"])
def test_a_release_that_cannot_be_read(publish_root: Any, tmp_path: Path, text: str) -> None:
    publish_root()
    place = tmp_path / "channel/releases/0001/release.json"
    place.write_text(text, errors="surrogateescape")
    with pytest.raises(RefusedError, match=r"0001/release\.json"):
        records.read(Channel.at(tmp_path / "channel"))


ENTRY = {"name": "one", "version": "1.0", "build": "0"}


@pytest.mark.parametrize(
    "table",
    [
        "",
        "[]",
        "{",
        DEEP,
        {"packages": []},
        {"packages": {"../one.conda": ENTRY}},
        {"packages.conda": {"one-1.0-0.conda": None}},
        {"packages.conda": {"one-1.0-0.conda": {**ENTRY, "version": 1}}},
        {"packages.conda": {"one-1.0-0.conda": {**ENTRY, "name": "a\nb"}}},
        {"packages.conda": {"one-1.0-0.conda": {**ENTRY, "depends": "python"}}},
        {"packages.conda": {"one-1.0-0.conda": {**ENTRY, "depends": [1]}}},
        {"packages.conda": {"one-1.0-0.conda": {**ENTRY, "size": "many"}}},
        {"packages.conda": {"one-1.0-0.conda": {**ENTRY, "license": ["MIT"]}}},
        {"packages.conda": {"one-1.0-0.conda": {"version": "1.0"}}},
    ],
)
def test_an_index_that_cannot_be_read(tmp_path: Path, table: object) -> None:
    (tmp_path / "noarch").mkdir()
    text = table if isinstance(table, str) else json.dumps(table)
    (tmp_path / "noarch/repodata.json").write_text(text)
    with pytest.raises(RefusedError, match=r"noarch/repodata\.json"):
        records.read(Channel.at(tmp_path))


def test_an_index_of_somebody_else(tmp_path: Path) -> None:
    (tmp_path / "noarch").mkdir()
    entry = {**ENTRY, "version": "9" * 4000, "license": None}
    table = {"packages": {"one-1.0-0.tar.bz2": entry}}
    (tmp_path / "noarch/repodata.json").write_text(json.dumps(table))
    [package] = records.read(Channel.at(tmp_path)).packages
    assert package.builds[0].filename == "one-1.0-0.tar.bz2" and not package.builds[0].license


def test_a_release_of_another_rootstock_is_not_called_damaged(
    publish_root: Any, tmp_path: Path
) -> None:
    publish_root()
    (tmp_path / "channel/releases/0001/release.json").write_text('{"format": 2}')
    with pytest.raises(RefusedError, match="format 2") as caught:
        records.read(Channel.at(tmp_path / "channel"))
    assert "damaged" not in caught.value.message
