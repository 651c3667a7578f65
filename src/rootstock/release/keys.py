"""Keys: a user who promotes signs with an ed25519 key of their own.

The private key is in the user's configuration folder (that of the XDG Base Directory
Specification). Only its owner can read it, and its public half is beside it; `ROOTSTOCK_KEY` names
another file. Neither the channel nor the store ever has the private one. Both are PEM files (PKCS
#8, SubjectPublicKeyInfo), which other programs for keys can read. A key's id is the sha256 of its
public half in DER, as printed by `openssl pkey -pubin -outform DER | sha256sum`.
"""

import hashlib
import os
import shlex
import stat
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from rootstock.core import names, tokens
from rootstock.core.errors import RefusedError, UsageError, raising_no_space

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from securesystemslib.signer import CryptoSigner, SSlibKey

PASSPHRASE = "ROOTSTOCK_KEY_PASSPHRASE"  # the name of the variable, not its value
_NEW = "Make one with `rootstock keys new`."
_NAME = "Name a file for the private key with ROOTSTOCK_KEY, such as ~/keys/release.pem."
_PUBLIC = ".pub"
_LONGEST = 1 << 16  # bytes of a public key: more than any has
_OF_OTHERS = 0o007  # the mode bits for users who are neither the owner nor in the group


@dataclass(frozen=True)
class Public:
    """The public half of a key: its id and its PEM file's text."""

    id: str
    pem: bytes

    def verifier(self) -> "SSlibKey":
        """The key as an object of securesystemslib."""
        from cryptography.hazmat.primitives.serialization import load_pem_public_key
        from securesystemslib.signer import SSlibKey

        return SSlibKey.from_crypto(load_pem_public_key(self.pem), self.id)


@dataclass(frozen=True)
class Private:
    """A key to sign with."""

    public: Public
    key: "Ed25519PrivateKey" = field(repr=False)

    def signer(self) -> "CryptoSigner":
        """The key as an object of securesystemslib."""
        from securesystemslib.signer import CryptoSigner

        return CryptoSigner(self.key, self.public.verifier())


@dataclass(frozen=True)
class KeyFile:
    """The key of this user, not yet read from its file."""

    path: Path
    passphrase: str = field(default="", repr=False)

    def open(self) -> Private:
        """Read it; raises as `load` does."""
        return load(self.path, self.passphrase)


def mine(ask: Callable[[], str] | None = None) -> KeyFile | None:
    """Return the key that this user signs with, or None when there is none.

    The passphrase of an encrypted key comes from its variable, or else from `ask`. The key is read
    at once, so that an error shows before any work.

    Raises `UsageError` when it is not a key, its passphrase is wrong, there is nobody to ask, or
    others may read it.
    """
    path = location()
    pem = _pem(path)
    if pem is None:
        return None
    if path.stat().st_mode & _OF_OTHERS:
        raise UsageError(
            f"every user of this machine may read or change the key {path}, so its signatures "
            "prove nothing",
            "Make a new one; or, if nobody else used this machine: chmod 600 "
            + shlex.quote(str(path)),
        )
    passphrase = ""
    if is_encrypted(pem):
        passphrase = known_passphrase() or (ask() if ask else "")
        if not passphrase:
            raise UsageError(f"the key {path} needs a passphrase", f"Set {PASSPHRASE} to it.")
    load(path, passphrase)
    return KeyFile(path, passphrase)


def known_passphrase() -> str:
    """The passphrase in the user's environment, or an empty text."""
    return tokens.given([PASSPHRASE]).get(PASSPHRASE, "")


def own(path: Path, ask: Callable[[], str] | None = None) -> Public:
    """Return the public half of the private key at `path`, computed from it.

    For an encrypted key without a passphrase, it is read from its own file.

    Raises `UsageError` when there is no such key, or the file beside it belongs to another key.
    """
    pem = _pem(path)
    if pem is None:
        raise UsageError(f"there is no key {path}", _NEW)
    encrypted = is_encrypted(pem)
    passphrase = (known_passphrase() or (ask() if ask else "")) if encrypted else ""
    half = public_half(path)
    if encrypted and not passphrase:
        return read(half)
    public = load(path, passphrase).public
    if half.exists() and read(half) != public:
        raise UsageError(
            f"{half} is not the public half of {path}, which has the id {public.id}",
            "Move it away; then `openssl pkey -in PRIVATE -pubout` makes the right one.",
        )
    return public


def location() -> Path:
    """The path of this user's private key, whether it exists or not.

    Raises `UsageError` when `ROOTSTOCK_KEY` is not a valid path.
    """
    config = os.environ.get("XDG_CONFIG_HOME") or "~/.config"
    try:
        path = names.user_path(os.environ.get("ROOTSTOCK_KEY") or f"{config}/rootstock/key.pem")
    except names.NotAllowed as error:
        raise UsageError(f"the key has no valid path: {error}", _NAME) from error
    if path.suffix == _PUBLIC:
        raise UsageError(f"{path} has the name of a public key", _NAME)
    return path


def public_half(path: Path) -> Path:
    """The path of the public half of the private key at `path`, different for each key."""
    return path.with_name(path.name.removesuffix(".pem") + _PUBLIC)


def new(path: Path, passphrase: str = "") -> Public:
    """Make a key at `path`, encrypted if there is a passphrase, and its public half beside it.

    Raises `RefusedError` when there is a key or a public half, `UsageError` when the folder cannot
    be written, `NoSpace`. Nothing is overwritten.
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
        with raising_no_space(path):
            _write_new(path, pem, 0o600)
            try:
                _write_new(public_half(path), public.pem, 0o644)
            except BaseException:
                path.unlink()  # nobody has seen it yet
                raise
    except FileExistsError as error:
        raise RefusedError(
            f"{error.filename} exists, and rootstock never overwrites a key",
            "Move it away to make a new one, or name another file with ROOTSTOCK_KEY.",
        ) from error
    except OSError as error:
        raise UsageError(f"the key {path} cannot be written: {error.strerror}", _NAME) from error
    return public


def _write_new(path: Path, data: bytes, mode: int) -> None:
    """Write a new file; remove it if writing fails."""
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
        try:
            file.write(data)
            file.flush()
        except BaseException:
            path.unlink()
            raise


def load(path: Path, passphrase: str = "") -> Private:
    """Read a private key.

    Raises `UsageError` when it is missing or unreadable, or the passphrase is wrong.
    """
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    pem = _pem(path)
    if pem is None:
        raise UsageError(f"there is no key {path}", _NEW)
    try:
        key = load_pem_private_key(pem, passphrase.encode() if is_encrypted(pem) else None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise UsageError(
            f"the key {path} cannot be read: {error}",
            f"{_NEW} Set {PASSPHRASE} to the passphrase of an encrypted one.",
        ) from error
    if not isinstance(key, Ed25519PrivateKey):
        raise UsageError(f"{path} is not an ed25519 key", _NEW)
    return Private(_public(key), key)


def _pem(path: Path) -> bytes | None:
    """Read a key's file; None when it is missing."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):  # reading a pipe or a device may never end
            raise UsageError(f"the key {path} is not a regular file", _NAME)
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise UsageError(f"the key {path} cannot be read: {error.strerror}", _NAME) from error


def is_encrypted(pem: bytes) -> bool:
    """Whether a private key needs a passphrase (the label is from RFC 7468)."""
    return b"-----BEGIN ENCRYPTED PRIVATE KEY-----" in pem


def parse(pem: bytes) -> Public:
    """Parse the public key of a PEM file; raises `ValueError` when it is not ed25519."""
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
    """Read the public key in a file; raises `UsageError` when there is none."""
    try:
        with path.open("rb") as file:
            return parse(file.read(_LONGEST))
    except (OSError, ValueError) as error:
        raise UsageError(
            f"{path} is not a public key: {error}",
            "Give the .pub file that `rootstock keys show` prints.",
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
