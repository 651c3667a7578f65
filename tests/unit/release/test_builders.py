"""Who counts as a builder of a package: trusted keys that signed for exactly its bytes."""

import base64
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from rootstock.building.artifact import Artifact
from rootstock.channel.reader import Channel
from rootstock.core.errors import RefusedError, UsageError
from rootstock.core.progress import silent
from rootstock.release import attest, check, keys
from rootstock.release.builders import Builders, builders, published
from rootstock.release.keys import Private

from ..conftest import Released

ONE, TWO = "one-1.0-h0_0.conda", "two-1.0-h0_0.conda"
SET = {ONE: "1" * 64, TWO: "2" * 64}


@pytest.fixture
def bob(tmp_path: Path) -> Private:
    keys.new(tmp_path / "bob/key.pem")
    return keys.load(tmp_path / "bob/key.pem")


@pytest.fixture
def carol(tmp_path: Path) -> Private:
    keys.new(tmp_path / "carol/key.pem")
    return keys.load(tmp_path / "carol/key.pem")


def signed(key: Private, packages: dict[str, str]) -> str:
    statement = attest.of_builds(packages, dict.fromkeys(packages, "k"), key.public.id)
    return attest.sign(statement, key)


def asked(count: int, trusted: list[Private], *statements: str) -> Builders:
    public = tuple(key.public for key in trusted)
    return Builders(count=count, trusted=public, statements=statements)


def test_two_who_made_the_same_are_two(key: Private, bob: Private) -> None:
    needed = asked(2, [key, bob], signed(bob, SET))
    assert needed.lacking(SET, own=[key.public.id]) == ""
    needed.require(SET, own=[key.public.id])
    # Each may have signed for a part, and in several statements.
    parts = [signed(bob, {name: sha256}) for name, sha256 in SET.items()]
    assert asked(2, [key, bob], *parts, signed(key, SET)).lacking(SET) == ""


def test_what_lacks_whom_is_reported(key: Private, bob: Private) -> None:
    needed = asked(2, [key, bob], signed(bob, {ONE: SET[ONE]}))
    lacking = needed.lacking(SET, own=[key.public.id])
    assert lacking.splitlines() == [
        "2 builders are asked for, and 1 of 2 packages have fewer.",
        f"Key {bob.public.id[:16]} has not signed: {TWO}",
    ]
    with pytest.raises(RefusedError, match="1 of 2 packages have fewer") as refused:
        needed.require(SET, own=[key.public.id])
    assert "--attestation" in refused.value.remedy


def test_one_builder_is_not_asked_to_sign(key: Private) -> None:
    assert asked(1, []).lacking(SET) == ""


def test_other_bytes_do_not_count(key: Private, bob: Private) -> None:
    flipped = {**SET, TWO: "3" + SET[TWO][1:]}
    lacking = asked(2, [key, bob], signed(bob, flipped)).lacking(SET, own=[key.public.id])
    assert TWO in lacking and ONE not in lacking


def test_other_names_do_not_count(key: Private, bob: Private) -> None:
    swapped = {ONE: SET[TWO], TWO: SET[ONE]}
    lacking = asked(2, [key, bob], signed(bob, swapped)).lacking(SET, own=[key.public.id])
    assert ONE in lacking and TWO in lacking


def test_one_key_is_one_builder(key: Private, bob: Private, tmp_path: Path) -> None:
    twice = asked(2, [key, bob], signed(key, SET), signed(key, SET))
    assert "2 of 2" in twice.lacking(SET, own=[key.public.id])
    with pytest.raises(UsageError, match="only 1 key could count"):
        builders(2, [key.public, key.public], [])


def test_a_key_that_is_not_trusted_does_not_count(
    key: Private, bob: Private, carol: Private
) -> None:
    assert "2 of 2" in asked(2, [key, bob], signed(carol, SET)).lacking(SET, own=[key.public.id])


def forged(key: Private, other: Private) -> str:
    """A statement of one key under the name of another."""
    envelope = json.loads(signed(other, SET))
    envelope["signatures"][0]["keyid"] = key.public.id
    return json.dumps(envelope)


def changed(key: Private) -> str:
    """A statement whose content is another than was signed."""
    envelope = json.loads(signed(key, {ONE: "0" * 64}))
    statement = attest.of_builds(SET, dict.fromkeys(SET, "k"), key.public.id)
    envelope["payload"] = base64.b64encode(json.dumps(statement).encode()).decode()
    return json.dumps(envelope)


def test_a_forged_signature_does_not_count(
    key: Private, bob: Private, carol: Private, tmp_path: Path
) -> None:
    file = tmp_path / "bob.json"
    for text in (forged(bob, carol), changed(bob), "{}", ""):
        assert "2 of 2" in asked(2, [key, bob], text).lacking(SET, own=[key.public.id])
        file.write_text(text)
        with pytest.raises(RefusedError, match=r"bob\.json"):
            builders(2, [key.public, bob.public], [file])


def test_a_statement_of_something_else_does_not_count(
    key: Private, bob: Private, tmp_path: Path
) -> None:
    """Its subjects are the packages, and it does not say that they were built."""
    release = attest.of_release(ONE, SET[ONE], "https://example.org/channel", 1)
    text = attest.sign(release, bob)
    assert ONE in asked(2, [key, bob], text).lacking(SET, own=[key.public.id])
    (tmp_path / "bob.json").write_text(text)
    with pytest.raises(RefusedError, match="does not state that packages were built"):
        builders(2, [key.public, bob.public], [tmp_path / "bob.json"])


def test_files_are_read_and_must_be_of_a_trusted_key(
    key: Private, bob: Private, carol: Private, tmp_path: Path
) -> None:
    file = tmp_path / "bob.json"
    file.write_text(signed(bob, SET))
    needed = builders(2, [key.public, bob.public], [file])
    assert needed.lacking(SET, own=[key.public.id]) == ""
    with pytest.raises(RefusedError, match="signed by another key"):
        builders(2, [key.public, carol.public], [file])
    with pytest.raises(UsageError, match="cannot be read"):
        builders(2, [key.public, bob.public], [tmp_path / "none.json"])


def test_a_release_counts_for_who_signed_it_and_for_what_was_handed_over(
    publish: Callable[..., Released], key: Private, bob: Private
) -> None:
    plain = publish(key=key)
    packages = {p.filename: p.sha256 for p in plain.release.packages.values()}
    channel = Channel.at(plain.channel)
    lacking = asked(2, [key, bob]).lacking(packages, published(channel, [1], packages))
    assert bob.public.id[:16] in lacking and key.public.id[:16] not in lacking
    # What lies there and is not of the release does not count.
    stray = plain.folder / f"builders/{'0' * 64}.json"
    stray.parent.mkdir()
    stray.write_text(signed(bob, packages))
    assert asked(2, [key, bob]).lacking(packages, published(channel, [1], packages)) == lacking


def test_a_release_has_what_was_handed_over(
    publish: Callable[..., Released], artifacts: list[Artifact], key: Private, bob: Private
) -> None:
    packages = {a.filename: a.sha256 for a in artifacts}
    made = publish(key=key, statements=(signed(bob, packages),))
    channel = Channel.at(made.channel)
    texts = published(channel, [1], packages)
    assert asked(2, [key, bob]).lacking(packages, texts) == ""
    assert check.check(channel, 1, [key.public], silent, asked(2, [key, bob])).differences == ()
    [few] = check.check(channel, 1, [key.public], silent, asked(3, [key, bob])).differences
    assert few == "3 builders are asked for, and 4 of 4 packages have fewer."
    [file] = made.folder.glob("builders/*.json")
    file.write_text(signed(key, packages))
    [difference] = check.check(channel, 1, [key.public], silent).differences
    assert difference.startswith(f"builders/{file.name} has the sha256")
