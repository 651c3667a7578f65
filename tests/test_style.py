"""Style, types, spelling and words, so that one command covers everything."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

CHECKOUT = Path(__file__).parents[1]
BIN = Path(sys.executable).parent
HOOKS = {
    hook["id"]: hook
    for repository in yaml.safe_load((CHECKOUT / ".pre-commit-config.yaml").read_text())["repos"]
    for hook in repository["hooks"]
}


def check(*words: str | Path) -> None:
    done = subprocess.run(words, cwd=CHECKOUT, capture_output=True, text=True)
    assert done.returncode == 0, f"\n{done.stdout}{done.stderr}"


def files() -> list[str]:
    """What git keeps of the checkout, or would with the next commit, and is there."""
    words = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        done = subprocess.run(words, cwd=CHECKOUT, capture_output=True, text=True)
    except FileNotFoundError:
        pytest.skip("git is not on this machine: nothing says what belongs to the checkout")
    if done.returncode:
        pytest.skip("not a git checkout: nothing says what belongs to it")
    return [name for name in done.stdout.split("\0") if name and (CHECKOUT / name).is_file()]


def run_hook(name: str, *words: str) -> None:
    """Run a hook of pre-commit by the program that is beside this Python."""
    program, *options = HOOKS[name]["entry"].split()
    check(BIN / Path(program).name, *options, *words)


@pytest.mark.parametrize(
    "words",
    [["ruff", "check"], ["ruff", "format", "--check"], ["mypy"]],
    ids=lambda words: " ".join(words),
)
def test_style(words: list[str]) -> None:
    check(sys.executable, "-I", "-m", *words)


def test_shell_scripts() -> None:
    scripts = [name for name in files() if name.endswith(".sh") or name == ".ci/run"]
    recipes = [name for name in scripts if name.startswith("recipes/")]
    run_hook("shellcheck", *(set(scripts) - set(recipes)))
    run_hook("shellcheck-recipes", *recipes)


def test_spelling() -> None:
    run_hook("codespell", *files())


def test_words() -> None:
    wanted = re.compile(HOOKS["words"]["files"])
    run_hook("words", *filter(wanted.search, files()))
