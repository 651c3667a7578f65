import importlib
from pathlib import Path

import rootstock.cli
from rootstock.cli import main

ROOM = Path(rootstock.cli.__file__).parent


def test_every_command_is_found_where_it_is() -> None:
    there: dict[str, str] = {}
    for path in ROOM.glob("*.py"):
        home = importlib.import_module(f"rootstock.cli.{path.stem}")
        there |= dict.fromkeys(getattr(home, "COMMANDS", ()), path.stem)
    assert there == main._HOMES
