"""A release is whole, from wherever; whatever is another is found and named."""

import json
import shutil
import threading
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import zstandard

from rootstock.channel import index, release_model
from rootstock.channel.place import place
from rootstock.channel.reader import Channel
from rootstock.core.errors import UsageError, VerifyFailed
from rootstock.core.progress import silent
from rootstock.release import attest, keys
from rootstock.release.build import ReleaseInputs
from rootstock.release.check import ReleaseVerdict, check
from rootstock.release.keys import Private

from ..conftest import CELL, Released, smoked

LOW, TOP = "low-1.0-h0_0.conda", "top-1.0-h0_0.conda"
PURE = "pure-1.0-h0_0.conda"


def _check(made: Released, *trusted: keys.Public) -> ReleaseVerdict:
    return check(Channel.at(made.channel), made.release.release, trusted, silent)


def test_a_signed_release_is_whole(released: Released, key: Private) -> None:
    verdict = _check(released, key.public)
    assert verdict.differences == ()
    assert (verdict.signer, verdict.trusted) == (key.public.id, True)
    assert (verdict.cells, verdict.packages) == ((CELL.id,), 4)
    verdict.raise_for_failure()


def test_a_key_that_nobody_named_is_reported(released: Released, key: Private) -> None:
    verdict = _check(released)
    assert verdict.differences == () and not verdict.trusted
    assert f"{key.public.id}, which you did not name as trusted" in verdict.lines[1]


def test_an_unsigned_release_is_whole_and_said_to_be_unsigned(
    publish: Callable[..., Released], key: Private
) -> None:
    made = publish()
    verdict = _check(made)
    assert verdict.differences == () and verdict.signer == ""
    assert "Not signed" in verdict.lines[1]
    [difference] = _check(made, key.public).differences
    assert "not signed" in difference


def test_a_copy_without_links_is_whole(released: Released, key: Private, tmp_path: Path) -> None:
    copy = shutil.copytree(released.channel, tmp_path / "copy")
    shutil.rmtree(copy / ".rootstock")
    verdict = check(Channel.at(copy), 1, [key.public], silent)
    assert verdict.differences == () and verdict.trusted


def _flip(path: Path) -> None:
    """Change one byte in the middle, in a way that text stays text."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


FILES = [
    f"releases/0001/{CELL.id}.txt",
    f"releases/0001/{CELL.id}.lock",
    f"releases/0001/{CELL.id}.cdx.json",
    f"releases/0001/attestations/{LOW}.json",
    "releases/0001/attestations/release.json.json",
    "releases/0001/release.json",
    f"linux-64/{LOW}",
    f"noarch/{PURE}",
    "linux-64/aside-1.0-h0_0.conda",
]


@pytest.mark.parametrize("name", FILES)
def test_a_byte_that_changed_is_found(released: Released, key: Private, name: str) -> None:
    _flip(released.channel / name)
    verdict = _check(released, key.public)
    short = name.removeprefix("releases/0001/")
    assert any(short in line for line in verdict.differences), verdict.differences
    with pytest.raises(VerifyFailed):
        verdict.raise_for_failure()


def test_every_byte_of_the_record_is_signed(released: Released, key: Private) -> None:
    record = released.folder / release_model.RECORD
    text = record.read_bytes()
    for at in range(0, len(text), 97):
        record.write_bytes(text[:at] + bytes([text[at] ^ 1]) + text[at + 1 :])
        assert any("release.json" in line for line in _check(released, key.public).differences)


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_is_gone_is_found(released: Released, key: Private, name: str) -> None:
    (released.channel / name).unlink()
    short = name.removeprefix("releases/0001/")
    assert any(
        short in line or "not signed" in line for line in _check(released, key.public).differences
    )


def test_the_public_key_is_one_of_the_files(released: Released, key: Private) -> None:
    path = released.folder / f"keys/{key.public.id}.pub"
    _flip(path)
    assert any(path.name in line for line in _check(released).differences)
    path.unlink()
    assert any(path.name in line for line in _check(released).differences)


@pytest.mark.parametrize("name", ["extra.txt", "attestations/extra.json", "keys/x/y"])
def test_a_file_that_is_not_of_it_is_found(released: Released, name: str) -> None:
    path = released.folder / name
    path.parent.mkdir(exist_ok=True)
    path.write_text("")
    assert _check(released).differences == (f"{name} does not belong to the release",)


def test_packages_that_were_swapped_are_found(released: Released) -> None:
    one, other = (released.channel / "linux-64" / name for name in (LOW, TOP))
    content = one.read_bytes()
    one.write_bytes(other.read_bytes())
    other.write_bytes(content)
    found = "\n".join(_check(released).differences)
    assert f"linux-64/{LOW} has" in found and f"linux-64/{TOP} has" in found


def test_a_package_that_is_longer_is_found(released: Released) -> None:
    with (released.channel / "linux-64" / LOW).open("ab") as file:
        file.write(b"x")
    [difference] = _check(released).differences
    assert difference.startswith(f"linux-64/{LOW} has")


@pytest.fixture
def other(tmp_path: Path) -> Private:
    keys.new(tmp_path / "other/key.pem")
    return keys.load(tmp_path / "other/key.pem")


def _rewrite(made: Released, key: Private, changed: dict[str, str], **low: object) -> None:
    """Change files of the release as one would who holds `key`: hashes, record and signature.

    `low` are fields of what the record says of one package.
    """
    record = json.loads((made.folder / release_model.RECORD).read_text())
    record["packages"][LOW] |= low
    for name, text in changed.items():
        (made.folder / name).parent.mkdir(exist_ok=True)
        (made.folder / name).write_text(text)
        record["files"][name] = place(made.folder).sha256(name)[0]
    (made.folder / release_model.RECORD).write_text(json.dumps(record))
    sha256 = place(made.folder).sha256(release_model.RECORD)[0]
    statement = attest.of_release(release_model.RECORD, sha256, made.release.channel, 1)
    path = made.folder / f"attestations/{release_model.RECORD}.json"
    path.write_text(attest.sign(statement, key))


def test_an_attestation_by_another_key_is_found(
    released: Released, key: Private, other: Private
) -> None:
    low = released.release.packages[LOW]
    statement = attest.of_package(LOW, low.sha256, released.release.channel)
    name = f"attestations/{LOW}.json"
    _rewrite(released, key, {name: attest.sign(statement, other)})
    assert _check(released, key.public).differences == (
        f"{name} is signed by another key: {other.public.id}",
    )


STATEMENTS: list[tuple[str, dict[str, Any]]] = [
    ("subject", attest.of_package(TOP, "{sha256}", "{channel}")),
    ("subject", attest.of_package(LOW, "0" * 64, "{channel}")),
    ("predicate", attest.of_package(LOW, "{sha256}", "https://example.org/other")),
    ("predicateType", {**attest.of_package(LOW, "{sha256}", "{channel}"), "predicateType": "x"}),
    ("subject", {**attest.of_package(LOW, "{sha256}", "{channel}"), "subject": []}),
]


@pytest.mark.parametrize(("field", "statement"), STATEMENTS)
def test_a_statement_for_something_else_is_found(
    released: Released, key: Private, field: str, statement: dict[str, Any]
) -> None:
    low = released.release.packages[LOW]
    text = json.dumps(statement).replace("{sha256}", low.sha256)
    text = text.replace("{channel}", released.release.channel)
    name = f"attestations/{LOW}.json"
    _rewrite(released, key, {name: attest.sign(json.loads(text), key)})
    found = _check(released, key.public).differences
    assert found and all(line.startswith(f"{name} has another") for line in found)
    assert any(f"another {field}" in line for line in found)


def test_the_attestation_of_another_package_is_found(released: Released, key: Private) -> None:
    text = (released.folder / f"attestations/{TOP}.json").read_text()
    _rewrite(released, key, {f"attestations/{LOW}.json": text})
    assert all(LOW in line for line in _check(released).differences)
    assert _check(released).differences


def test_whoever_signs_all_of_it_again_is_not_trusted(
    released: Released, key: Private, other: Private
) -> None:
    _rewrite(released, other, {f"keys/{other.public.id}.pub": other.public.pem.decode()})
    found = "\n".join(_check(released, key.public).differences)
    assert f"release.json is signed by {other.public.id}" in found


def test_without_its_attestation_it_is_not_trusted(released: Released, key: Private) -> None:
    (released.folder / "attestations/release.json.json").unlink()
    assert any("not signed" in line for line in _check(released, key.public).differences)


@pytest.mark.parametrize("ending", ["txt", "lock", "conda-lock.yml", "cdx.json"])
def test_files_that_say_other_than_the_record_are_found(
    released: Released, key: Private, ending: str
) -> None:
    """The signature is right, and the content is not."""
    name = f"{CELL.id}.{ending}"
    text = (released.folder / name).read_text()
    low = released.release.packages[LOW]
    _rewrite(released, key, {name: text.replace(low.sha256, "f" * 64)})
    found = _check(released, key.public).differences
    assert any(line.startswith(f"{name} has another {LOW}") for line in found)


def test_a_size_that_is_another_is_found(released: Released, key: Private) -> None:
    size = released.release.packages[LOW].size
    _rewrite(released, key, {}, size=size + 1)
    assert _check(released, key.public).differences == (
        f"linux-64/{LOW} has {size} bytes, not {size + 1}",
        f"linux-64/repodata.json differs for {LOW}: size",
    )


def test_a_lock_in_another_order_is_found(released: Released, key: Private) -> None:
    name = f"{CELL.id}.txt"
    head, mark, *lines = (released.folder / name).read_text().splitlines()
    _rewrite(released, key, {name: "\n".join([head, mark, *lines[::-1]]) + "\n"})
    [difference] = _check(released, key.public).differences
    assert name in difference


def test_a_list_of_releases_that_says_otherwise_is_found(released: Released) -> None:
    table = json.loads((released.channel / "releases.json").read_text())
    table["releases"][0]["time"] = "2027-01-01T00:00:00+00:00"
    (released.channel / "releases.json").write_text(json.dumps(table))
    [difference] = _check(released).differences
    assert difference.startswith("releases.json")


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"format": "2"}', "null", "[" * 99_999])
def test_a_record_that_cannot_be_read_is_reported(released: Released, text: str) -> None:
    (released.folder / release_model.RECORD).write_text(text)
    assert any("release.json cannot be read" in line for line in _check(released).differences)


def test_numbers(released: Released, tmp_path: Path) -> None:
    where = Channel.at(released.channel)
    assert where.release_named("latest") == where.release_named("1") == 1
    with pytest.raises(UsageError, match="no release 7"):
        where.release_named("7")
    with pytest.raises(UsageError, match="has no releases"):
        Channel.at(tmp_path).release_named("latest")
    assert where.release(1) == released.release


def test_a_release_that_is_not_shown_any_more_can_be_checked(released: Released) -> None:
    (released.channel / "releases.json").write_text('{"releases": []}')
    where = Channel.at(released.channel)
    assert where.release_named("1") == 1
    assert check(where, 1, [], silent).differences == ()
    with pytest.raises(UsageError, match="no release latest"):
        where.release_named("latest")


def test_another_format_is_no_damage(released: Released) -> None:
    (released.folder / release_model.RECORD).write_text('{"format": 2}')
    with pytest.raises(UsageError, match="has format 2, and rootstock") as said:
        Channel.at(released.channel).release(1)
    assert "Nothing is broken" in said.value.remedy
    assert any("has format 2" in line for line in _check(released).differences)


def test_a_signature_that_was_taken_away_is_reported(released: Released) -> None:
    """Also to those who name no key: the record says that it was signed."""
    (released.folder / "attestations/release.json.json").unlink()
    [difference] = _check(released).differences
    assert difference == (
        "attestations/release.json.json is missing, but release.json lists signed files"
    )


TABLES = [
    "",
    "[]",
    "{}",
    '{"releases": 1}',
    '{"releases": [1]}',
    '{"releases": [{"release": "1"}]}',
]


@pytest.mark.parametrize("text", [*TABLES, '{"releases": [' * 50_000])
def test_a_list_of_releases_of_any_shape_is_reported(released: Released, text: str) -> None:
    (released.channel / "releases.json").write_text(text)
    with pytest.raises(UsageError, match=r"releases\.json cannot be read"):
        Channel.at(released.channel).release_named("latest")
    [difference] = _check(released).differences
    assert difference.startswith("releases.json cannot be read")


@pytest.mark.parametrize("word", ["²", "-1", "0", "1_0", "9" * 5_000, "a\nb", ""])
def test_a_word_that_is_no_number(released: Released, word: str) -> None:
    with pytest.raises(UsageError, match="has no release"):
        Channel.at(released.channel).release_named(word)


ENVELOPES: list[Any] = [
    [],
    {"signatures": [{"keyid": "../../../etc/hostname"}]},
    {"signatures": [{"keyid": 5}]},
    {"signatures": ["x"]},
    {"signatures": {"keyid": "x"}},
]


@pytest.mark.parametrize("envelope", ENVELOPES)
def test_an_envelope_of_any_shape_is_reported(released: Released, envelope: Any) -> None:
    (released.folder / release_model.ATTESTATION).write_text(json.dumps(envelope))
    assert any(release_model.ATTESTATION in line for line in _check(released).differences)


@pytest.mark.parametrize("ending", ["txt", "lock", "cdx.json"])
@pytest.mark.parametrize("text", ["", "[" * 50_000, "{}", "a: [1", '{"components": [1]}', "\0"])
def test_a_file_of_any_shape_is_reported(released: Released, ending: str, text: str) -> None:
    (released.folder / f"{CELL.id}.{ending}").write_text(text)
    assert any(f"{CELL.id}.{ending}" in line for line in _check(released).differences)


@pytest.mark.parametrize("version", ["1.0+local", "1!1.0"])
def test_a_version_that_a_url_quotes(
    publish: Callable[..., Released], inputs: ReleaseInputs, package: Any, version: str
) -> None:
    low = package("low", version, key="k2")
    [proven] = inputs.cells
    artifacts = [low if a.name == "low" else a for a in proven.artifacts]
    audits = {**inputs.audits, low.filename: replace(inputs.audits[LOW], filename=low.filename)}
    cells = [replace(proven, artifacts=artifacts, smoke=smoked(artifacts[:3]))]
    assert _check(publish(cells=cells, audits=audits)).differences == ()


def _edit(channel: Path, change: Callable[[dict[str, Any]], object]) -> None:
    """Change what all forms of the index say."""
    folder = channel / ".rootstock/current/linux-64"
    records = index.read(folder)
    change(records)
    index.write(folder, records, channel / "linux-64/shards")


LIES: dict[str, Callable[[dict[str, Any]], object]] = {
    "sha256": lambda records: records[LOW].update(sha256="0" * 64),
    "md5": lambda records: records[LOW].update(md5="0" * 32),
    "size": lambda records: records[LOW].update(size=1),
    "depends": lambda records: records[LOW].update(depends=["evil"]),
    "constrains": lambda records: (
        records[LOW].update(constrains=["python <3"]) and records[LOW].pop("depends")
    ),
    "lacks": lambda records: records.pop(LOW),
    "differs from generation": lambda r: r.update({"x-1-0.conda": {**r[LOW], "name": "x"}}),
}


@pytest.mark.parametrize(("said", "change"), LIES.items(), ids=LIES)
def test_an_index_that_lies_is_reported(released: Released, said: str, change: Any) -> None:
    _edit(released.channel, change)
    found = "\n".join(_check(released).differences)
    assert "linux-64/repodata.json" in found
    assert said in found


def test_what_an_index_adds_is_its_own_business(released: Released) -> None:
    _edit(released.channel, lambda records: records[LOW].update(indexed_timestamp=1, more=[]))
    assert _check(released).differences == ()


def test_a_copy_on_a_server_is_held_against_its_locks(released: Released) -> None:
    """There the package's own metadata is not at hand."""
    _edit(released.channel, lambda records: records[TOP].update(depends=["evil"]))
    handler = partial(SimpleHTTPRequestHandler, directory=str(released.channel))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            where = Channel.at(f"http://127.0.0.1:{server.server_port}")
            found = check(where, 1, [], silent).differences
        finally:
            server.shutdown()
            thread.join()
    assert found == (f"linux-64/repodata.json differs for {TOP}: depends",)


@pytest.mark.parametrize("name", [index.TABLE, index.PACKED, index.SHARDS_TABLE])
@pytest.mark.parametrize("text", [b"", b"garbage", b"{}", b"[" * 50_000])
def test_an_index_of_any_shape_is_reported(released: Released, name: str, text: bytes) -> None:
    (released.channel / ".rootstock/current/linux-64" / name).write_bytes(text)
    assert any(line.startswith(f"linux-64/{name}") for line in _check(released).differences)


@pytest.mark.parametrize(
    "text", [b"", b"[]", b"{}", b'{"packages.conda": {"x": 1}}', b"[" * 50_000]
)
def test_run_exports_of_any_shape_are_reported(released: Released, text: bytes) -> None:
    (released.channel / "linux-64" / index.RUN_EXPORTS).unlink()
    (released.channel / "linux-64" / index.RUN_EXPORTS).write_bytes(text)
    found = _check(released).differences
    assert any(line.startswith("linux-64/run_exports.json") for line in found)


def test_run_exports_that_lie_are_reported(released: Released) -> None:
    table = {"packages.conda": {LOW: {"run_exports": {"weak": ["evil"]}}}}
    text = json.dumps(table).encode()
    for name, data in (
        (index.RUN_EXPORTS, text),
        (index.RUN_EXPORTS_PACKED, zstandard.compress(text)),
    ):
        (released.channel / ".rootstock/current/linux-64" / name).write_bytes(data)
    found = _check(released).differences
    assert f"linux-64/run_exports.json differs for {LOW}" in found


def test_the_record_of_another_release_is_not_loaded(released: Released) -> None:
    record = json.loads((released.folder / "release.json").read_text())
    (released.folder / "release.json").write_text(json.dumps({**record, "release": 2}))
    with pytest.raises(UsageError, match="belongs to release 2"):
        Channel.at(released.channel).release(1)


@pytest.mark.parametrize("damage", [Path.unlink, _flip])
def test_a_damaged_shard_is_reported(released: Released, damage: Callable[[Path], None]) -> None:
    for path in (released.channel / "linux-64/shards").iterdir():
        damage(path)
    found = _check(released).differences
    assert found and all(line.startswith("linux-64/shards/") for line in found)


def test_a_record_of_a_generation_that_cannot_be_read_is_reported(released: Released) -> None:
    (released.channel / ".rootstock/generations/0001/generation.json").write_text("[]")
    assert any("generation.json cannot be read" in line for line in _check(released).differences)
