"""A shell completes commands and options by the script that it was given."""

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.system
BIN = Path(sys.executable).parent

ASK = """
eval "$(rootstock completion bash)"
COMP_WORDS=({words}) COMP_CWORD={last}
_rootstock_completion rootstock
printf '%s\\n' "${{COMPREPLY[@]}}"
"""


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (("rootstock", "publi"), ["publish"]),
        (("rootstock", "build", "--keep"), ["--keep-going"]),
        (("rootstock", "lock", "--format", "cond"), ["conda-lock"]),
    ],
)
def test_bash_completes(words: tuple[str, ...], found: list[str]) -> None:
    script = ASK.format(words=" ".join(words), last=len(words) - 1)
    done = subprocess.run(
        ["bash", "-c", script],
        env={"PATH": f"{BIN}:/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert (done.stdout.split(), done.stderr) == (found, "")
