"""Who root's sandboxes run as, and what is open to that user."""

from collections.abc import Callable
from pathlib import Path

import pytest

from rootstock.image.engines import MACHINE, outsider
from rootstock.image.engines.outsider import admit, drop

ALL = "         0          0 4294967295\n"


@pytest.fixture
def as_root(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    def set_up(users: str, groups: str | None = None, uid: int = 0) -> None:
        texts = {"/proc/self/uid_map": users, "/proc/self/gid_map": groups or users}
        read = Path.read_text
        monkeypatch.setattr("os.getuid", lambda: uid)
        monkeypatch.setattr(Path, "read_text", lambda p: texts.get(str(p)) or read(p))

    return set_up


@pytest.mark.parametrize(
    ("users", "groups", "found"),
    [
        (ALL, ALL, 1_900_000_000),
        ("0 100000 65536\n", None, 65535),
        ("0 1000 1\n1 100000 65536\n", None, 65536),
        ("0 1000 1\n1 100000 65536\n", "0 1000 1\n1 100000 100\n", 100),
        ("0 0 1\n", None, None),
        ("0 0 1\n1000 5 1\n", "0 0 1\n2000 5 1\n", None),
    ],
)
def test_root_becomes_somebody_whom_its_user_namespace_has(
    as_root: Callable[..., None], users: str, groups: str | None, found: int | None
) -> None:
    as_root(users, groups)
    assert outsider.outsider() == found
    words, _ = drop([])
    assert (f"setpriv --reuid={found} --regid={found}" in " ".join(words)) == (found is not None)


def test_nobody_else_becomes_anybody(as_root: Callable[..., None], tmp_path: Path) -> None:
    as_root(ALL, uid=1234)
    assert drop([tmp_path]) == ([], [tmp_path])


def test_nothing_that_is_needed_is_covered(as_root: Callable[..., None]) -> None:
    as_root(ALL)
    for needed in ("/mnt/data/store", "/mnt", "/media/disk"):
        _, [door] = drop([Path(needed)])
        assert not Path(needed).is_relative_to(door.parent)
    _, doors = drop([mount.source for mount in MACHINE])
    assert len({*doors}) == len(MACHINE)


def test_the_sandboxs_user_is_let_in_whatever_the_umask(tmp_path: Path) -> None:
    (tmp_path / "a/b").mkdir(parents=True)
    secret = tmp_path / "secret"
    secret.write_text("")
    (tmp_path / "a/link").symlink_to(secret)
    for path, mode in ((secret, 0o600), (tmp_path / "a/file", 0o700), (tmp_path / "a/b", 0o700)):
        if not path.exists():
            path.write_text("")
        path.chmod(mode)
    admit(tmp_path / "a")
    modes = {path.name: path.stat().st_mode & 0o777 for path in (tmp_path / "a").iterdir()}
    assert (modes["file"], modes["b"], modes["link"]) == (0o744, 0o755, 0o600)
    admit(tmp_path / "a", write=True)
    assert (tmp_path / "a/b").stat().st_mode & 0o777 == 0o777
    assert secret.stat().st_mode & 0o777 == 0o600, "what a link leads to is left alone"
