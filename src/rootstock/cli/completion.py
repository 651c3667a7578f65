"""Completion of the command line by a shell: the words that could come next."""

import os
from enum import Enum
from typing import Annotated

import typer

from rootstock.cli.common import say

# By it the script that a shell has read asks for words; no other value means anything.
VARIABLE = "_ROOTSTOCK_COMPLETE"


class Shell(str, Enum):
    """The shells that can ask."""

    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"


def is_asked() -> bool:
    """Whether a shell asks for words, and no command is to run."""
    return os.environ.get(VARIABLE) in {f"complete_{shell.value}" for shell in Shell}


def init() -> None:
    """Have Typer print words for a shell where that asks for them."""
    from typer._completion_classes import completion_init

    completion_init()


def completion(
    shell: Annotated[Shell, typer.Argument(help="The shell that is to complete.")],
) -> None:
    """Print the script by which a shell completes commands and options.

    Examples:

      eval "$(rootstock completion bash)"

      rootstock completion fish > ~/.config/fish/completions/rootstock.fish
    """
    from typer._completion_shared import get_completion_script

    script = get_completion_script(prog_name="rootstock", complete_var=VARIABLE, shell=shell.value)
    say(script.splitlines())


COMMANDS = {"completion": completion}
