"""ROOT's own tutorials, as its wheel has them, in an environment of the channel.

`ROOTSTOCK_TEST_TUTORIALS` names a part of them, as globs with blanks between.
`ROOTSTOCK_TEST_TUTORIALS_OUT` keeps the results in a file.
"""

import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable
from fnmatch import fnmatchcase
from pathlib import Path

import pytest
from packaging.utils import parse_wheel_filename

from rootstock.core.store import locate

from .tutorials import run as runner

pytestmark = pytest.mark.nightly


@pytest.fixture(scope="module")
def tutorials(analysis: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tutorials of the newest ROOT that was built, from its wheel in the store."""
    wheels = {path.name: path for path in (locate().root / "sources").glob("*/root-*.whl")}
    newest = max(wheels, key=lambda name: parse_wheel_filename(name)[1])
    folder = tmp_path_factory.mktemp("wheel")
    with zipfile.ZipFile(wheels[newest]) as wheel:
        names = [name for name in wheel.namelist() if name.startswith("ROOT/tutorials/")]
        wheel.extractall(folder, names)
    return folder / "ROOT/tutorials"


def test_the_tutorials_pass_but_for_those_that_are_known(
    analysis: Path,
    tutorials: Path,
    tmp_path: Path,
    record_property: Callable[[str, object], None],
) -> None:
    out = Path(os.environ.get("ROOTSTOCK_TEST_TUTORIALS_OUT") or tmp_path / "tutorials.json")
    asked = os.environ.get("ROOTSTOCK_TEST_TUTORIALS", "").split()
    parts = [word for part in asked for word in ("--part", part)]
    subprocess.run([sys.executable, runner.__file__, analysis, tutorials, out, *parts], check=False)
    said = json.loads(out.read_text())
    record_property("tutorials passed", f"{said['passed']} of {said['run']}")
    assert said["unknown"] == []
    assert said["mended"] == [], "take these out of tutorials.toml"
    assert said["passed"] > 0


def test_the_table_names_what_is_there(tutorials: Path) -> None:
    every = runner.find(tutorials, ())
    known = runner.table()
    named = [*known.not_run, *known.fails, *known.exits, *known.after]
    named += [name for names in known.after.values() for name in names]
    assert [glob for glob in named if not any(fnmatchcase(one, glob) for one in every)] == []
    assert [one for one in known.fails if known.why_not(one)] == []
