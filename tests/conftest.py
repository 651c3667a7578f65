"""What several test files share: small real packages, and which skips are allowed."""

import hashlib
import io
import json
import os
import re
import signal
import tarfile
import time
import zipfile
from collections.abc import Callable, Generator, Mapping, Sequence
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path

import pytest
import tomlkit
import zstandard

from rootstock.building.artifact import Artifact
from rootstock.core.store import Store

Package = Callable[..., Artifact]
SKIPS = Path(__file__).with_name("skips.toml")

# Who starts the tests in the background has these ignored, and so would all that they start.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--no-skips`, for a machine that has all that the tests want."""
    said = f"a skipped test fails, unless {SKIPS.name} allows it"
    parser.addoption("--no-skips", action="store_true", help=said)


# Around all others, one of which reports an expected failure as a skip.
@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """With `--no-skips`, have a test that was skipped fail."""
    report = yield
    if not hasattr(report, "wasxfail"):
        _judge(report, item.config)
    return report


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """With `--no-skips`, have a file that was skipped as a whole fail."""
    report = yield
    _judge(report, collector.config)
    return report


def _judge(report: pytest.TestReport | pytest.CollectReport, config: pytest.Config) -> None:
    if not (report.skipped and config.getoption("--no-skips")):
        return
    # Of a skip it is the file, the line and "Skipped: reason".
    said = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    reason = said.removeprefix("Skipped: ")
    if not allowed(report.nodeid, reason, skips()):
        report.outcome = "failed"
        report.longrepr = f"skipped, which {SKIPS.name} does not allow: {reason}"


@cache
def skips() -> tuple[Mapping[str, str], ...]:
    """What skips.toml allows: the tests (a glob), the reason (a regular expression), and why."""
    return tuple(tomlkit.parse(SKIPS.read_text()).unwrap()["skip"])


def allowed(test: str, reason: str, known: Sequence[Mapping[str, str]]) -> bool:
    """Whether a test, by its id, may be skipped for a reason."""
    return any(
        fnmatchcase(test, one["tests"]) and re.fullmatch(one["reason"], reason, re.DOTALL)
        for one in known
    )


def _packed(files: Mapping[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for path, content in files.items():
            entry = tarfile.TarInfo(path)
            entry.size, entry.mode = len(content), 0o755 if path.startswith("bin/") else 0o644
            tar.addfile(entry, io.BytesIO(content))
    return zstandard.compress(buffer.getvalue())


@pytest.fixture
def package(tmp_path: Path) -> Package:
    """Makes a `.conda` file by hand and returns it as an artifact."""

    def make(
        name: str,
        version: str = "1.0",
        *,
        build: str = "h0_0",
        key: str = "key",
        files: Mapping[str, bytes] | None = None,
        depends: Sequence[str] = (),
        noarch: str = "",
        scope: str = "channel",
        constrains: Sequence[str] = (),
        entry_points: Sequence[str] = (),
        run_exports: Mapping[str, Sequence[str]] | None = None,
        timestamp: int | None = None,
    ) -> Artifact:
        files = {f"share/{name}.txt": key.encode()} if files is None else files
        stem, subdir = f"{name}-{version}-{build}", "noarch" if noarch else "linux-64"
        index = {
            "name": name,
            "version": version,
            "build": build,
            "build_number": int(build.split("_")[1]),
            "depends": list(depends),
            "subdir": subdir,
            **({"timestamp": timestamp} if timestamp is not None else {}),
            **({"constrains": list(constrains)} if constrains else {}),
            **({"noarch": noarch} if noarch else {"arch": "x86_64", "platform": "linux"}),
        }
        paths = [
            {
                "_path": path,
                "path_type": "hardlink",
                "sha256": hashlib.sha256(content).hexdigest(),
                "size_in_bytes": len(content),
            }
            for path, content in files.items()
        ]
        info = {
            "info/index.json": json.dumps(index).encode(),
            "info/paths.json": json.dumps({"paths": paths, "paths_version": 1}).encode(),
        }
        if run_exports is not None:
            info["info/run_exports.json"] = json.dumps(run_exports).encode()
        if noarch == "python":
            kind = {"type": "python", "entry_points": list(entry_points)}
            link = {"noarch": kind, "package_metadata_version": 1}
            info["info/link.json"] = json.dumps(link).encode()
        folder = tmp_path / "artifacts" / f"{key}-{stem}"
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{stem}.conda"
        with zipfile.ZipFile(path, "w") as archive:  # ZipInfo: the same bytes at any time
            archive.writestr(zipfile.ZipInfo("metadata.json"), '{"conda_pkg_format_version": 2}')
            archive.writestr(zipfile.ZipInfo(f"pkg-{stem}.tar.zst"), _packed(files))
            archive.writestr(zipfile.ZipInfo(f"info-{stem}.tar.zst"), _packed(info))
        path.chmod(0o600)
        content = path.read_bytes()
        return Artifact(
            path=path,
            key=key,
            name=name,
            version=version,
            build=build,
            subdir=subdir,
            sha256=hashlib.sha256(content).hexdigest(),
            size=len(content),
            seconds=0.0,
            scope=scope,
        )

    return make


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """An empty store."""
    made = Store(tmp_path / "store")
    made.prepare()
    return made


@pytest.fixture
def gone() -> Callable[[int], bool]:
    """Whether nothing is left of a process group; what has ended may be reaped a moment later."""

    def gone(group: int) -> bool:
        for _ in range(100):
            try:
                os.killpg(group, 0)
            except ProcessLookupError:
                return True
            time.sleep(0.1)
        return False

    return gone
