"""What the real uv says of packages that cannot be had, as users see it. Asks the index."""

from pathlib import Path

import pytest
from packaging.requirements import Requirement

from rootstock.core.errors import SourceError, UsageError
from rootstock.core.progress import silent
from rootstock.core.store import locate
from rootstock.sources import tools
from rootstock.stack import resolve
from rootstock.stack.resolve import Resolved

from .conftest import CHECKOUT

pytestmark = pytest.mark.system
PYTHON = "3.14.0"


@pytest.fixture(scope="module")
def uv() -> Path:
    store = locate()
    store.prepare()
    return tools.ensure(CHECKOUT / "ci/tools/uv.lock", store, silent) / "bin/uv"


def run(uv: Path, folder: Path, *packages: str, known: str = "") -> list[Resolved]:
    asked = [Requirement(one) for one in packages]
    return resolve.resolve(asked, {}, PYTHON, uv=uv, folder=folder, known=known, upgrade=())


def test_a_version_stays_that_was_known(uv: Path, tmp_path: Path) -> None:
    known = resolve.as_known({"iniconfig": "2.0.0"})
    [kept] = run(uv, tmp_path, "iniconfig>=1", known=known)
    assert kept.version == "2.0.0"
    [other] = run(uv, tmp_path, "iniconfig>2", known=known)
    assert other.version != "2.0.0"


def test_a_name_that_the_index_lacks(uv: Path, tmp_path: Path) -> None:
    name = "rootstock-has-no-such-project"
    with pytest.raises(UsageError, match=f"the package index has no project {name}:"):
        run(uv, tmp_path, "iniconfig", name)


@pytest.mark.parametrize("package", ["numpy==1.26.4", "commentjson"])  # no 3.14; no wheel
def test_a_package_without_a_wheel_for_the_python(uv: Path, tmp_path: Path, package: str) -> None:
    said = f"Python {PYTHON}: no wheel fits of {package}:"
    with pytest.raises(UsageError, match=said):
        run(uv, tmp_path, package)


def test_packages_that_do_not_fit_together(uv: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be installed together") as caught:
        run(uv, tmp_path, "uproot==5.3.0", "awkward<2")
    assert "uproot==5.3.0 depends on awkward>=2" in caught.value.message


def test_an_index_that_is_not_there(
    uv: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UV_DEFAULT_INDEX", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("UV_HTTP_RETRIES", "0")
    with pytest.raises(SourceError, match="uv could not resolve the packages"):
        run(uv, tmp_path, "rootstock-has-no-such-project")
