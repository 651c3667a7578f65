import hashlib
import os
import resource
import stat
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization as formats
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric import rsa as rsas

from rootstock.core import tokens
from rootstock.core.errors import MachineError, RefusedError, UsageError
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
    monkeypatch.setattr(tokens, "_taken", {})
    assert keys.mine() is None
    public = keys.new(path, "sesame")
    with pytest.raises(UsageError, match="needs a passphrase"):
        keys.mine(lambda: "")
    with pytest.raises(UsageError, match="cannot be read"):
        keys.mine(lambda: "wrong")
    asked = keys.mine(lambda: "sesame")
    assert asked and asked.open().public == public
    assert "sesame" not in repr(asked)
    monkeypatch.setattr(tokens, "_taken", {keys.PASSPHRASE: "sesame"})
    known = keys.mine()
    assert known and known.open().public == public


@pytest.mark.parametrize("mode", [0o644, 0o602])
def test_a_key_that_others_may_use_signs_nothing(
    mode: int, monkeypatch: pytest.MonkeyPatch, path: Path
) -> None:
    monkeypatch.setenv("ROOTSTOCK_KEY", str(path))
    keys.new(path)
    path.chmod(mode)
    with pytest.raises(UsageError, match="every user"):
        keys.mine()


def test_what_is_no_key_is_reported_before_any_work(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "garbage").write_text("garbage")
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    rsa = rsas.generate_private_key(public_exponent=65537, key_size=2048)
    (tmp_path / "rsa").write_bytes(
        rsa.private_bytes(formats.Encoding.PEM, formats.PrivateFormat.PKCS8, formats.NoEncryption())
    )
    for name in ("garbage", "folder", "pipe", "rsa"):
        (tmp_path / name).chmod(0o700)
        monkeypatch.setenv("ROOTSTOCK_KEY", str(tmp_path / name))
        with pytest.raises(UsageError, match=f"{name} (cannot be read|is no)"):
            keys.mine()


def test_two_keys_share_no_public_half(tmp_path: Path) -> None:
    first, second = (keys.new(tmp_path / f"root.{year}") for year in (2026, 2027))
    assert first != second
    for year, public in ((2026, first), (2027, second)):
        assert keys.own(tmp_path / f"root.{year}") == public
        assert keys.read(tmp_path / f"root.{year}.pub") == public


def test_a_public_half_is_never_overwritten(tmp_path: Path) -> None:
    other = keys.new(tmp_path / "a.pem")
    with pytest.raises(RefusedError, match=r"a\.pub exists"):
        keys.new(tmp_path / "a")
    assert not (tmp_path / "a").exists()
    assert keys.read(tmp_path / "a.pub") == other


@pytest.mark.parametrize("named", ["/x/my.pub", "~no-such-user/key.pem"])
def test_where_no_private_key_can_be(named: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROOTSTOCK_KEY", named)
    with pytest.raises(UsageError, match=r"public key|no valid path"):
        keys.location()


def test_what_is_shown_is_what_signs(path: Path, tmp_path: Path) -> None:
    public = keys.new(path)
    assert keys.own(path) == public
    keys.public_half(path).unlink()
    assert keys.own(path) == public
    keys.new(tmp_path / "other.pem")
    (tmp_path / "other.pub").rename(keys.public_half(path))
    with pytest.raises(UsageError, match="is not the public half"):
        keys.own(path)
    with pytest.raises(UsageError, match="there is no key"):
        keys.own(tmp_path / "none")


def test_of_an_encrypted_key_the_file_beside_it_is_shown(path: Path) -> None:
    public = keys.new(path, "sesame")
    assert keys.own(path, lambda: "") == public == keys.own(path, lambda: "sesame")


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
    with pytest.raises(UsageError, match="not a public key"):
        keys.read(public)
    with pytest.raises(UsageError, match="not a public key"):
        keys.read(private)


def test_a_key_for_which_there_is_no_room_leaves_nothing(tmp_path: Path) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (40, before[1]))
    try:
        with pytest.raises(MachineError, match="too large"):
            keys.new(tmp_path / "key.pem")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert list(tmp_path.iterdir()) == []
