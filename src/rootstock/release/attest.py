"""Attestations: signed statements that somebody built packages, or published a file in a channel.

A package's is the publish attestation of CEP 27, an in-toto Statement about exactly one file; that
of release.json is in-toto's release predicate. That of a builder is SLSA's provenance (v1), about
all packages that were built. Each is in an envelope (DSSE) with one signature.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from rootstock import __version__
from rootstock.core import names, shape
from rootstock.release.keys import Private, Public

Statement = dict[str, Any]

STATEMENT = "https://in-toto.io/Statement/v1"
PUBLISH = "https://schemas.conda.org/attestations-publish-1.schema.json"
RELEASE = "https://in-toto.io/attestation/release/v0.1"
PROVENANCE = "https://slsa.dev/provenance/v1"
# SLSA wants a URI that leads to the meaning of the parameters: here a package URL with a path.
_BUILD_TYPE = "pkg:generic/rootstock#docs/build-keys.md"
_PAYLOAD = "application/vnd.in-toto+json"


def of_package(filename: str, sha256: str, channel: str) -> Statement:
    """State that a package was published; `channel` is a URL without a slash at its end."""
    return _statement({filename: sha256}, PUBLISH, {"targetChannel": channel})


def of_release(filename: str, sha256: str, channel: str, number: int) -> Statement:
    """State that the file is the record of a channel's release."""
    name = quote(channel.rpartition("/")[2], safe="") or "channel"
    return _statement({filename: sha256}, RELEASE, {"purl": f"pkg:generic/{name}@{number}"})


def of_builds(
    packages: Mapping[str, str], build_keys: Mapping[str, str], builder: str
) -> Statement:
    """State that a builder made packages.

    `packages` has the sha256 of each, and `build_keys` its build key, by file name. `builder` is
    the id of the key that will sign; the statement has it as a URI of RFC 6920.
    """
    predicate = {
        "buildDefinition": {
            "buildType": _BUILD_TYPE,
            "externalParameters": {"build_keys": {name: build_keys[name] for name in packages}},
        },
        "runDetails": {
            "builder": {"id": f"nih:sha-256;{builder}", "version": {"rootstock": __version__}}
        },
    }
    return _statement(packages, PROVENANCE, predicate)


def _statement(files: Mapping[str, str], kind: str, predicate: Mapping[str, Any]) -> Statement:
    return {
        "_type": STATEMENT,
        "subject": [
            {"name": name, "digest": {"sha256": sha256}} for name, sha256 in sorted(files.items())
        ],
        "predicateType": kind,
        "predicate": predicate,
    }


def sign(statement: Statement, key: Private) -> str:
    """Return the text of the envelope with the statement and its signature."""
    from securesystemslib.dsse import Envelope

    payload = json.dumps(statement, sort_keys=True, separators=(",", ":")).encode()
    envelope = Envelope(payload, _PAYLOAD, {})
    envelope.sign(key.signer())
    return json.dumps(envelope.to_dict(), indent=1, sort_keys=True) + "\n"


def signer_of(text: str | bytes) -> str:
    """Return the id of the key in an envelope, without verifying anything.

    Raises `ValueError` when it is no envelope with one signature.
    """
    try:
        envelope: Any = shape.document(text)
        [signature] = envelope["signatures"]
        return names.sha256(signature["keyid"])
    except (ValueError, TypeError, KeyError) as error:
        raise ValueError(f"is not an envelope with one signature: {error!r}") from error


def opened(text: str | bytes, keys: Sequence[Public]) -> Statement:
    """Return the statement in an envelope that one of the keys has signed.

    Raises `ValueError` when none has, or it is no such envelope.
    """
    from securesystemslib.dsse import Envelope
    from securesystemslib.exceptions import Error
    from securesystemslib.signer import Key

    by = signer_of(text)
    signers: list[Key] = [key.verifier() for key in keys if key.id == by]
    if not signers:
        raise ValueError(f"is signed by another key: {by}")
    try:
        known: Any = shape.document(text)
        envelope = Envelope.from_dict(known)
        envelope.verify(signers, 1)
        if envelope.payload_type != _PAYLOAD:
            raise ValueError(f"has a payload of type {envelope.payload_type}")
        statement = shape.document(envelope.payload)
    except Error as error:
        raise ValueError("has a signature that does not match its content") from error
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise ValueError(f"cannot be read: {error}") from error
    if not isinstance(statement, dict):
        raise ValueError("contains no statement")
    return statement


def vouched(statement: Statement) -> frozenset[tuple[str, str]]:
    """Return the files that a statement says were built or published: file name and sha256.

    Raises `ValueError` when it states something else.
    """
    kind = statement.get("predicateType")
    if statement.get("_type") != STATEMENT or kind not in (PUBLISH, PROVENANCE):
        raise ValueError(f"does not state that packages were built: {names.quoted(kind)}")
    try:
        return frozenset(
            (names.package_file(subject["name"]), names.sha256(subject["digest"]["sha256"]))
            for subject in statement["subject"]
        )
    except (ValueError, TypeError, KeyError) as error:
        raise ValueError(f"cannot be read: {error!r}") from error
