"""Keys: who promotes signs, with an ed25519 key of their own.

The private key is in the user's configuration folder (that of the XDG Base Directory
Specification), for its owner's eyes only, and its public half beside it; `ROOTSTOCK_KEY` names
another file. Neither the channel nor the store ever has the private one. Both are PEM files
(PKCS #8, SubjectPublicKeyInfo) as any program for keys reads them. A key's id is the sha256 of
its public half in DER, as `openssl pkey -pubin -outform DER | sha256sum` gives it.
"""

import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from rootstock.errors import RefusedError, UsageError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from securesystemslib.signer import CryptoSigner, SSlibKey

PASSPHRASE = "ROOTSTOCK_KEY_PASSPHRASE"  # the variable that has it, not what is in it
_NEW = "Make one with `rootstock keys new`."


@dataclass(frozen=True)
class Public:
    """The public half of a key: its id and its PEM file's text."""

    id: str
    pem: bytes

    def verifier(self) -> "SSlibKey":
        """The key as securesystemslib has it."""
        from cryptography.hazmat.primitives.serialization import load_pem_public_key
        from securesystemslib.signer import SSlibKey

        return SSlibKey.from_crypto(load_pem_public_key(self.pem), self.id)


@dataclass(frozen=True)
class Private:
    """A key to sign with."""

    public: Public
    key: "Ed25519PrivateKey" = field(repr=False)

    def signer(self) -> "CryptoSigner":
        """The key as securesystemslib has it."""
        from securesystemslib.signer import CryptoSigner

        return CryptoSigner(self.key, self.public.verifier())


@dataclass(frozen=True)
class Mine:
    """The key of this user, as yet in its file."""

    path: Path
    passphrase: str = field(default="", repr=False)

    def open(self) -> Private:
        """Read it; raises as `load` does."""
        return load(self.path, self.passphrase)


def mine(ask: Callable[[], str] | None = None) -> Mine | None:
    """The key that this user signs with, or None when there is none.

    The passphrase of an encrypted one is taken from the environment or else asked for, and
    tried at once. Raises `UsageError` when it is wrong, or there is nobody to ask.
    """
    path = location()
    try:
        pem = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise UsageError(f"the key {path} cannot be read: {error}") from error
    if not is_encrypted(pem):
        return Mine(path)
    passphrase = os.environ.get(PASSPHRASE) or (ask() if ask else "")
    if not passphrase:
        raise UsageError(f"the key {path} has a passphrase", f"Set {PASSPHRASE} to it.")
    load(path, passphrase)
    return Mine(path, passphrase)


def location() -> Path:
    """Where the private key of this user is, or would be."""
    if named := os.environ.get("ROOTSTOCK_KEY"):
        return Path(named).expanduser()
    config = os.environ.get("XDG_CONFIG_HOME") or "~/.config"
    return Path(config).expanduser() / "rootstock" / "key.pem"


def new(path: Path, passphrase: str = "") -> Public:
    """Make a key at `path`, encrypted if there is a passphrase, and its public half beside it.

    Raises `RefusedError` when there is a key, `UsageError` when the folder cannot be written.
    """
    from cryptography.hazmat.primitives import serialization as formats
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    key = Ed25519PrivateKey.generate()
    encryption = (
        formats.BestAvailableEncryption(passphrase.encode())
        if passphrase
        else formats.NoEncryption()
    )
    pem = key.private_bytes(formats.Encoding.PEM, formats.PrivateFormat.PKCS8, encryption)
    public = _public(key)
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(pem)
        path.with_suffix(".pub").write_bytes(public.pem)
    except FileExistsError as error:
        raise RefusedError(
            f"{path} is there, and what it signed could not be told from another's",
            "Move it away to make a new one, or name another file with ROOTSTOCK_KEY.",
        ) from error
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error}") from error
    return public


def load(path: Path, passphrase: str = "") -> Private:
    """Read a private key.

    Raises `UsageError` when there is none, it cannot be read, or the passphrase is not its.
    """
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        pem = path.read_bytes()
        key = load_pem_private_key(pem, passphrase.encode() if is_encrypted(pem) else None)
    except (OSError, ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise UsageError(
            f"the key {path} cannot be read: {error}",
            f"{_NEW} The passphrase of an encrypted one is expected in {PASSPHRASE}.",
        ) from error
    if not isinstance(key, Ed25519PrivateKey):
        raise UsageError(f"{path} is not an ed25519 key", _NEW)
    return Private(_public(key), key)


def is_encrypted(pem: bytes) -> bool:
    """Whether a private key needs a passphrase (RFC 7468 has the label)."""
    return b"-----BEGIN ENCRYPTED PRIVATE KEY-----" in pem


def parse(pem: bytes) -> Public:
    """The public key of a PEM file; raises `ValueError` when it is none of ed25519."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    try:
        key = load_pem_public_key(pem)
    except UnsupportedAlgorithm as error:
        raise ValueError(str(error)) from error
    if not isinstance(key, Ed25519PublicKey):
        raise ValueError("is not an ed25519 key")
    return _of(key)


def read(path: Path) -> Public:
    """The public key in a file; raises `UsageError` when there is none."""
    try:
        return parse(path.read_bytes())
    except (OSError, ValueError) as error:
        raise UsageError(
            f"{path} is no public key: {error}",
            "Give the .pub file that `rootstock keys show` names.",
        ) from error


def _public(key: "Ed25519PrivateKey") -> Public:
    return _of(key.public_key())


def _of(key: object) -> Public:
    from cryptography.hazmat.primitives import serialization as formats
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    assert isinstance(key, Ed25519PublicKey)
    kind = formats.PublicFormat.SubjectPublicKeyInfo
    der = key.public_bytes(formats.Encoding.DER, kind)
    return Public(hashlib.sha256(der).hexdigest(), key.public_bytes(formats.Encoding.PEM, kind))
