"""What rollback and hide share: the option --dry-run, and the report of what changed."""

from collections.abc import Sequence
from typing import Annotated

import typer

from rootstock.channel.reader import Channel
from rootstock.channel.rollback import Effect
from rootstock.cli.common import print_json, say

DryRun = Annotated[bool, typer.Option("--dry-run", help="Only show what would change.")]


def report(effect: Effect, channel: Channel, dry: bool, as_json: bool) -> None:
    """Print what a change of a channel does, or would do, to what readers see."""
    if as_json:
        values = {name: value for name, value in vars(effect).items() if name != "generation"}
        number = effect.generation.number if effect.generation else None
        print_json({"channel": str(channel), "generation": number, **values})
        return
    lines = [
        *(f"- {name}" for name in effect.gone),
        *(f"+ {name}" for name in effect.back),
        *_numbers("- release", effect.releases_gone),
        *_numbers("+ release", effect.releases_back),
        *(f"{name} was damaged: rootstock made it again" for name in effect.mended),
    ]
    if effect.generation:
        lines.append(f"{channel} is now at generation {effect.generation.number}.")
    elif dry:
        lines.append("Nothing was changed.")
    else:
        lines.append("Readers already see that state: nothing was changed.")
    say(lines)


def _numbers(what: str, numbers: Sequence[int]) -> list[str]:
    return [f"{what} {number}" for number in numbers]
