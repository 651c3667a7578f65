import hashlib
import stat
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization as formats
from cryptography.hazmat.primitives.asymmetric import ec

from rootstock.errors import RefusedError, UsageError
from rootstock.release import keys


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "config/rootstock/key.pem"


def test_a_new_key_is_its_owners_alone(path: Path) -> None:
    public = keys.new(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert keys.read(path.with_suffix(".pub")) == public
    assert keys.load(path).public == public


def test_the_id_is_the_sha256_of_the_public_key(path: Path) -> None:
    public = keys.new(path)
    key = formats.load_pem_public_key(public.pem)
    der = key.public_bytes(formats.Encoding.DER, formats.PublicFormat.SubjectPublicKeyInfo)
    assert public.id == hashlib.sha256(der).hexdigest()


def test_a_key_is_never_overwritten(path: Path) -> None:
    keys.new(path)
    before = path.read_bytes()
    with pytest.raises(RefusedError):
        keys.new(path)
    assert path.read_bytes() == before


def test_a_passphrase_is_needed_and_must_be_right(path: Path) -> None:
    public = keys.new(path, "open sesame")
    assert keys.is_encrypted(path.read_bytes())
    assert keys.load(path, "open sesame").public == public
    for wrong in ("", "sesame"):
        with pytest.raises(UsageError, match="cannot be read"):
            keys.load(path, wrong)


def test_where_the_key_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("ROOTSTOCK_KEY", raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert keys.location() == tmp_path / "rootstock/key.pem"
    monkeypatch.setenv("ROOTSTOCK_KEY", "/elsewhere/key.pem")
    assert keys.location() == Path("/elsewhere/key.pem")


def test_mine(monkeypatch: pytest.MonkeyPatch, path: Path) -> None:
    monkeypatch.setenv("ROOTSTOCK_KEY", str(path))
    monkeypatch.delenv(keys.PASSPHRASE, raising=False)
    assert keys.mine() is None
    public = keys.new(path, "sesame")
    with pytest.raises(UsageError, match="has a passphrase"):
        keys.mine(lambda: "")
    with pytest.raises(UsageError, match="cannot be read"):
        keys.mine(lambda: "wrong")
    asked = keys.mine(lambda: "sesame")
    assert asked and asked.open().public == public
    assert "sesame" not in repr(asked)
    monkeypatch.setenv(keys.PASSPHRASE, "sesame")
    known = keys.mine()
    assert known and known.open().public == public


def test_other_kinds_of_keys_are_refused(path: Path, tmp_path: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    private = tmp_path / "ec.pem"
    private.write_bytes(
        key.private_bytes(formats.Encoding.PEM, formats.PrivateFormat.PKCS8, formats.NoEncryption())
    )
    with pytest.raises(UsageError, match="not an ed25519 key"):
        keys.load(private)
    public = tmp_path / "ec.pub"
    public.write_bytes(
        key.public_key().public_bytes(
            formats.Encoding.PEM, formats.PublicFormat.SubjectPublicKeyInfo
        )
    )
    with pytest.raises(UsageError, match="no public key"):
        keys.read(public)
    with pytest.raises(UsageError, match="no public key"):
        keys.read(private)
