"""What docs/readers.md and docs/pyroot.md say beside the tables is still so."""

import ast
import subprocess
from pathlib import Path

import pytest

pytestmark = pytest.mark.nightly

PROGRAM = Path(__file__).with_name("reading") / "notes.py"
NOTES = [
    node.name
    for node in ast.parse(PROGRAM.read_text()).body
    if isinstance(node, ast.FunctionDef) and not node.name.startswith("_")
]


@pytest.mark.parametrize("note", NOTES)
def test_notes(analysis: Path, tmp_path: Path, note: str) -> None:
    argv = [str(analysis / "bin/python"), "-I", str(PROGRAM), note]
    done = subprocess.run(argv, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
