"""The argument lists of the engines: what isolates must be in each of them."""

from pathlib import Path

import pytest

from rootstock.core.errors import MachineError, UsageError
from rootstock.image.engines import Engine, Mount, Sandbox
from rootstock.image.engines.choose import ENGINES, choose

SANDBOX = Sandbox(
    root=Path("/store/images/abc/root"),
    name="found-by-this",
    mounts=(
        Mount(source=Path("/a b/build"), target="/rootstock/build", writable=True),
        Mount(source=Path("/deps"), target="/rootstock/deps"),
    ),
    env={"PATH": "/usr/bin", "NAME": "two words"},
    cwd="/rootstock/build",
)


@pytest.mark.parametrize("engine", ENGINES.values(), ids=list(ENGINES))
def test_the_command_comes_last_and_whole(engine: Engine) -> None:
    words = engine.command(SANDBOX, ["sh", "-c", "echo $NAME"])
    assert "echo $NAME" in words[-1]
    assert any("two words" in word for word in words)


@pytest.mark.parametrize(
    ("name", "isolated"),
    [
        ("bubblewrap", ["--unshare-all", "--clearenv", "--die-with-parent"]),
        ("unshare", ["--net", "--pid", "--kill-child"]),
        ("podman", ["--network=none", "--read-only", "--cap-drop=ALL"]),
        ("docker", ["--network=none", "--read-only", "--cap-drop=ALL"]),
    ],
)
def test_no_network_and_nothing_of_the_caller(name: str, isolated: list[str]) -> None:
    words = ENGINES[name].command(SANDBOX, ["true"])
    assert set(isolated) <= set(words)


@pytest.mark.parametrize("name", ["podman", "docker"])
def test_a_container_is_asked_for_nothing_from_outside(name: str) -> None:
    words = ENGINES[name].command(SANDBOX, ["true"])
    assert {"--pull=never", "--interactive", "--rm", "--init"} <= set(words)
    inside = words[words.index("found-by-this") :]
    assert inside == ["found-by-this", "PATH=/usr/bin", "NAME=two words", "true"]
    assert "env -i" in words[words.index("found-by-this") - 1]


@pytest.mark.parametrize("name", ["podman", "docker"])
@pytest.mark.parametrize("caller", [0, 1000, 1234])
def test_nobody_is_root_in_a_container(
    name: str, caller: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.getuid", lambda: caller)
    monkeypatch.setattr("os.getgid", lambda: caller)
    words = ENGINES[name].command(SANDBOX, ["true"])
    [user] = [word for word in words if word.startswith("--user=")]
    if name == "docker":  # files belong to the caller under the caller's own number only
        assert user == f"--user={caller or 1000}:{caller or 1000}"
        assert any("target=/etc/passwd" in word for word in words) == (caller == 1234)
    else:  # podman gives the number within to the caller
        assert user == "--user=1000:1000"
        assert ("--userns=keep-id:uid=1000,gid=1000" in words) == (caller != 0)


@pytest.mark.parametrize("engine", ENGINES.values(), ids=list(ENGINES))
def test_what_does_not_work_is_reported_with_its_remedy(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rootstock.image.engines.choose.why_not", lambda engine: "not today")
    with pytest.raises(MachineError, match=f"{engine.name} does not work here: not today") as error:
        choose(engine.name)
    assert error.value.code == 4
    assert error.value.remedy == engine.remedy
    with pytest.raises(MachineError, match=f"{engine.name}: not today"):
        choose("auto")


def test_an_engine_there_is_not_is_a_mistake() -> None:
    with pytest.raises(UsageError, match="chroot"):
        choose("chroot")


def test_only_what_is_writable_is_mounted_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.getuid", lambda: 1234)  # root has all of it elsewhere
    words = ENGINES["bubblewrap"].command(SANDBOX, ["true"])
    assert words[words.index("/a b/build") - 1] == "--bind"
    assert words[words.index("/deps") - 1] == "--ro-bind"
    script = ENGINES["unshare"].command(SANDBOX, ["true"])[-1]
    assert 'mount -o bind,ro /deps "$R"/rootstock/deps' in script
    assert "mount -o bind '/a b/build' \"$R\"/rootstock/build" in script
    for name in ("podman", "docker"):
        mounts = [w for w in ENGINES[name].command(SANDBOX, ["true"]) if w.startswith("type=bind")]
        assert [mount.endswith(",readonly") for mount in mounts[:2]] == [False, True]


@pytest.mark.parametrize("name", ["bubblewrap", "unshare"])
@pytest.mark.parametrize("caller", [0, 1234])
def test_root_is_given_up_before_the_sandbox_is_made(
    name: str, caller: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.getuid", lambda: caller)
    for words in (ENGINES[name].command(SANDBOX, ["true"]), ENGINES[name].probe()):
        text = " ".join(words)
        assert ("setpriv --reuid=" in text) == (caller == 0)
        if caller == 0:
            assert "--pdeathsig=keep" in text, "or it would outlive rootstock"


@pytest.mark.parametrize("name", ["bubblewrap", "unshare"])
def test_what_proc_offers_for_changing_the_machine_is_read_only(name: str) -> None:
    text = " ".join(ENGINES[name].command(SANDBOX, ["true"]))
    assert "/proc/sys" in text and "/proc/irq" in text


def test_no_proxy_of_the_callers_is_handed_on() -> None:
    assert "--http-proxy=false" in ENGINES["podman"].command(SANDBOX, ["true"])
    words = ENGINES["docker"].command(SANDBOX, ["true"])
    assert {"--env=HTTPS_PROXY=", "--env=https_proxy="} <= {*words}
