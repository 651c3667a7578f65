import base64
import json

import jsonschema
import pytest

from rootstock.release import attest, keys
from rootstock.release.keys import Private

CHANNEL = "https://example.org/channel"
# The parts of CEP 27's schema that say what a statement must be.
SCHEMA = {
    "type": "object",
    "required": ["_type", "subject", "predicateType"],
    "properties": {
        "_type": {"const": "https://in-toto.io/Statement/v1"},
        "subject": {
            "type": "array",
            "minItems": 1,
            "maxItems": 1,
            "items": {
                "required": ["name", "digest"],
                "properties": {
                    "digest": {
                        "properties": {"sha256": {"pattern": "^[0-9a-f]{64}$"}},
                        "required": ["sha256"],
                        "maxProperties": 1,
                    }
                },
            },
        },
        "predicateType": {"const": "https://schemas.conda.org/attestations-publish-1.schema.json"},
        "predicate": {
            "required": ["targetChannel"],
            "properties": {"targetChannel": {"type": "string", "pattern": "[^/]$"}},
        },
    },
}
STATEMENT = attest.of_package("a-1-0.conda", "a" * 64, CHANNEL)


def test_a_statement_is_what_cep_27_says() -> None:
    jsonschema.validate(STATEMENT, SCHEMA)
    assert STATEMENT["subject"] == [{"name": "a-1-0.conda", "digest": {"sha256": "a" * 64}}]
    assert STATEMENT["predicate"] == {"targetChannel": CHANNEL}


def test_what_is_signed_is_opened_with_the_key_alone(key: Private) -> None:
    text = attest.sign(STATEMENT, key)
    assert attest.opened(text, [key.public]) == STATEMENT
    assert attest.signer_of(text) == key.public.id


def test_the_signature_is_of_the_payload_as_dsse_encodes_it(key: Private) -> None:
    envelope = json.loads(attest.sign(STATEMENT, key))
    kind, payload = envelope["payloadType"], base64.b64decode(envelope["payload"])
    signed = b"DSSEv1 %d %s %d %s" % (len(kind), kind.encode(), len(payload), payload)
    [signature] = envelope["signatures"]
    key.key.public_key().verify(base64.b64decode(signature["sig"]), signed)


def test_another_key_does_not_open_it(key: Private, tmp_path: object) -> None:
    text = attest.sign(STATEMENT, key)
    with pytest.raises(ValueError, match="signed by another key"):
        attest.opened(text, [keys.Public("0" * 64, key.public.pem)])


@pytest.mark.parametrize("part", ["payload", "payloadType", "sig"])
def test_each_part_is_signed(key: Private, part: str) -> None:
    envelope = json.loads(attest.sign(STATEMENT, key))
    where = envelope["signatures"][0] if part == "sig" else envelope
    text = where[part]
    where[part] = ("B" if text[5] != "B" else "C").join((text[:5], text[6:]))
    with pytest.raises(ValueError, match=r"does not match its content|cannot be read"):
        attest.opened(json.dumps(envelope), [key.public])


@pytest.mark.parametrize(
    "text", ["", "{}", "[]", '{"signatures": []}', '{"signatures": [{"keyid": 1}]}', "null"]
)
def test_what_is_no_envelope_is_reported(key: Private, text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        attest.opened(text, [key.public])


def test_two_signatures_are_too_many(key: Private) -> None:
    envelope = json.loads(attest.sign(STATEMENT, key))
    envelope["signatures"] *= 2
    with pytest.raises(ValueError, match="one signature"):
        attest.opened(json.dumps(envelope), [key.public])


def test_a_release_is_named_by_its_channel() -> None:
    statement = attest.of_release("release.json", "b" * 64, CHANNEL, 7)
    assert statement["predicate"] == {"purl": "pkg:generic/channel@7"}


# What SLSA requires of the provenance that it defines (version 1).
PROVENANCE = {
    "required": ["_type", "subject", "predicateType", "predicate"],
    "properties": {
        "_type": {"const": "https://in-toto.io/Statement/v1"},
        "subject": {"type": "array", "minItems": 1},
        "predicateType": {"const": "https://slsa.dev/provenance/v1"},
        "predicate": {
            "required": ["buildDefinition", "runDetails"],
            "properties": {
                "buildDefinition": {
                    "required": ["buildType", "externalParameters"],
                    "properties": {
                        "buildType": {"type": "string", "pattern": "^[a-z]+:"},
                        "externalParameters": {"type": "object"},
                    },
                },
                "runDetails": {
                    "required": ["builder"],
                    "properties": {
                        "builder": {
                            "required": ["id"],
                            "properties": {"id": {"type": "string", "pattern": "^[a-z]+:"}},
                        }
                    },
                },
            },
        },
    },
}


def test_a_builder_states_what_slsa_calls_provenance() -> None:
    packages = {"b-1-0.conda": "b" * 64, "a-1-0.conda": "a" * 64}
    made = attest.of_builds(packages, {"a-1-0.conda": "k1", "b-1-0.conda": "k2"}, "c" * 64)
    jsonschema.validate(made, PROVENANCE)
    assert [one["name"] for one in made["subject"]] == ["a-1-0.conda", "b-1-0.conda"]
    assert attest.vouched(made) == {*packages.items()}


def test_what_a_statement_vouches_for() -> None:
    assert attest.vouched(STATEMENT) == {("a-1-0.conda", "a" * 64)}
    for other in (
        {**STATEMENT, "predicateType": "https://in-toto.io/attestation/test-result/v0.1"},
        {**STATEMENT, "_type": "https://in-toto.io/Statement/v0.1"},
        {**STATEMENT, "subject": [{"name": "a-1-0.conda", "digest": {"sha1": "a" * 40}}]},
        {**STATEMENT, "subject": None},
        {},
    ):
        with pytest.raises(ValueError, match=r"does not state|cannot be read"):
            attest.vouched(other)
