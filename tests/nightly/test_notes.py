"""What docs/readers.md and docs/pyroot.md say beside the tables is still so."""

import ast
import subprocess
from pathlib import Path

import pytest

pytestmark = pytest.mark.nightly

READING = Path(__file__).with_name("reading")
NOTES = [
    (program, node.name)
    for program in ("notes.py", "left.py")
    for node in ast.parse((READING / program).read_text()).body
    if isinstance(node, ast.FunctionDef) and not node.name.startswith("_")
]


@pytest.mark.parametrize(("program", "note"), NOTES)
def test_notes(analysis: Path, tmp_path: Path, program: str, note: str) -> None:
    argv = [str(analysis / "bin/python"), "-I", str(READING / program), note]
    done = subprocess.run(argv, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
