"""Keys: who promotes signs, with an ed25519 key of their own.

The private key is in the user's configuration folder (that of the XDG Base Directory
Specification), for its owner's eyes only, and its public half beside it; `ROOTSTOCK_KEY` names
another file. Neither the channel nor the store ever has the private one. Both are PEM files
(PKCS #8, SubjectPublicKeyInfo) as any program for keys reads them. A key's id is the sha256 of
its public half in DER, as `openssl pkey -pubin -outform DER | sha256sum` gives it.
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

PASSPHRASE = "ROOTSTOCK_KEY_PASSPHRASE"  # the variable that has it, not what is in it
_NEW = "Make one with `rootstock keys new`."
_NAME = "Name a file for the private key with ROOTSTOCK_KEY, such as ~/keys/release.pem."
_PUBLIC = ".pub"
_LONGEST = 1 << 16  # bytes of a public key, and more than any has
_OF_OTHERS = 0o007  # the bits of a file's mode for those who are neither its owner nor of its group


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
class KeyFile:
    """The key of this user, as yet in its file."""

    path: Path
    passphrase: str = field(default="", repr=False)

    def open(self) -> Private:
        """Read it; raises as `load` does."""
        return load(self.path, self.passphrase)


def mine(ask: Callable[[], str] | None = None) -> KeyFile | None:
    """The key that this user signs with, or None when there is none.

    The passphrase of an encrypted one is taken from its variable or else asked for. The key is
    read at once, so that a wrong one is told before any work is done.

    Raises `UsageError` when it is no key, its passphrase is wrong, there is nobody to ask, or
    others may read it.
    """
    path = location()
    pem = _pem(path)
    if pem is None:
        return None
    if path.stat().st_mode & _OF_OTHERS:
        raise UsageError(
            f"every user of this machine may read or change the key {path}, so it proves nothing",
            "Make a new one; or, if nobody else was on this machine: chmod 600 "
            + shlex.quote(str(path)),
        )
    passphrase = ""
    if is_encrypted(pem):
        passphrase = known_passphrase() or (ask() if ask else "")
        if not passphrase:
            raise UsageError(f"the key {path} has a passphrase", f"Set {PASSPHRASE} to it.")
    load(path, passphrase)
    return KeyFile(path, passphrase)


def known_passphrase() -> str:
    """The passphrase that the user's environment had, or empty."""
    return tokens.given([PASSPHRASE]).get(PASSPHRASE, "")


def own(path: Path, ask: Callable[[], str] | None = None) -> Public:
    """The public half of the private key at `path`, as it follows from it.

    Of an encrypted one for which nobody has the passphrase, it is read from its own file.

    Raises `UsageError` when there is no such key, or the file beside it is another key's.
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
    """Where the private key of this user is, or would be.

    Raises `UsageError` when what `ROOTSTOCK_KEY` says cannot be.
    """
    config = os.environ.get("XDG_CONFIG_HOME") or "~/.config"
    try:
        path = names.user_path(os.environ.get("ROOTSTOCK_KEY") or f"{config}/rootstock/key.pem")
    except names.NotAllowed as error:
        raise UsageError(f"there is no place for the key: {error}", _NAME) from error
    if path.suffix == _PUBLIC:
        raise UsageError(f"{path} would be a public key, by its name", _NAME)
    return path


def public_half(path: Path) -> Path:
    """Where the public half of the private key at `path` is: no other key has it there."""
    return path.with_name(path.name.removesuffix(".pem") + _PUBLIC)


def new(path: Path, passphrase: str = "") -> Public:
    """Make a key at `path`, encrypted if there is a passphrase, and its public half beside it.

    Raises `RefusedError` when there is a key or a public half, `UsageError` when the folder
    cannot be written, `NoSpace`. Nothing is overwritten.
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
            f"{error.filename} is there, and a key is never overwritten",
            "Move it away to make a new one, or name another file with ROOTSTOCK_KEY.",
        ) from error
    except OSError as error:
        raise UsageError(f"the key {path} cannot be written: {error.strerror}", _NAME) from error
    return public


def _write_new(path: Path, data: bytes, mode: int) -> None:
    """Write a file that is not there; if it cannot be written to its end, it is not there again."""
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
        try:
            file.write(data)
            file.flush()
        except BaseException:
            path.unlink()
            raise


def load(path: Path, passphrase: str = "") -> Private:
    """Read a private key.

    Raises `UsageError` when there is none, it cannot be read, or the passphrase is not its.
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
            f"{_NEW} The passphrase of an encrypted one is expected in {PASSPHRASE}.",
        ) from error
    if not isinstance(key, Ed25519PrivateKey):
        raise UsageError(f"{path} is not an ed25519 key", _NEW)
    return Private(_public(key), key)


def _pem(path: Path) -> bytes | None:
    """What is in a key's file; None when there is none."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):  # to read a pipe or a device may never end
            raise UsageError(f"the key {path} is no file", _NAME)
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise UsageError(f"the key {path} cannot be read: {error.strerror}", _NAME) from error


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
        with path.open("rb") as file:
            return parse(file.read(_LONGEST))
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
