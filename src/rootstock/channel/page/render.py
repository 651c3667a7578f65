"""Renders the channel's page: one self-contained HTML file, made from the channel's records."""

import os
import shlex
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rootstock.channel import writer
from rootstock.channel.generation import History
from rootstock.channel.layout import PAGE
from rootstock.channel.page.contents import Contents
from rootstock.channel.page.records import read
from rootstock.channel.reader import Channel
from rootstock.channel.settings import Settings
from rootstock.core import formatting
from rootstock.core.errors import RefusedError, UsageError, raising_no_space

if TYPE_CHECKING:
    from jinja2 import Template

_HISTORY = 30  # releases on the page; older ones are in releases.json
_ROOTS = 10  # ROOT versions on the page, with their Pythons and results
_FEW = 3  # versions that a line names
_NAMES = 12  # file names per release
_UNKNOWN = "CHANNEL"


def render(contents: Contents, said: Settings) -> str:
    """Render the page of a channel; when its address is unknown, it shows where to put it."""
    url = (said.url or contents.url).rstrip("/")
    offered = [package.name for package in contents.packages]
    users = [name for name in contents.headline if name in offered]
    spec = (users or offered or ["PACKAGE"])[0]
    roots = contents.roots[:_ROOTS]
    cells = [cell for cell in contents.cells if cell.root in roots]
    return _template().render(
        channel=contents,
        said=said,
        title=said.title or contents.name,
        url=shlex.quote(url) if url else "",
        unknown=_UNKNOWN,
        spec=spec,
        releases=contents.releases[::-1][:_HISTORY],
        older=max(0, len(contents.releases) - _HISTORY),
        most=_NAMES,
        roots=roots,
        cells=cells,
        few=_FEW,
        checks=list(dict.fromkeys(check.name for cell in cells for check in cell.checks)),
    )


def text(channel: Channel, past: History) -> str:
    """Return the page of a channel at the last generation of a history; raises as they do."""
    return render(read(channel, past), channel.settings())


def rewrite(channel: Channel) -> Path:
    """Rewrite the page of the current generation, and return its path.

    Raises `RefusedError` when rootstock did not make the channel, or another process writes to it,
    and `UsageError` when it cannot be written.
    """
    if not channel.number():
        read(channel)
        raise RefusedError(
            f"{channel} is a channel that rootstock did not make",
            "Write its page somewhere else with --out.",
        )
    with channel.write() as change:
        writer.rewrite_page(channel, change.past)
    return channel.layout.root / PAGE


def write_to(path: Path, channel: Channel, said: Settings) -> None:
    """Write the page of a channel to a file.

    Raises `RefusedError` when that is a file of the channel, `UsageError` when it cannot be
    written, and `NoSpace`.
    """
    text = render(read(channel), said)
    own = Path(os.path.realpath(channel.layout.root))
    place = Path(os.path.realpath(path.parent)) / path.name
    if place.is_relative_to(own) and os.path.lexists(place) and place != own / PAGE:
        raise RefusedError(
            f"{path} is a file of the channel", "Name a file that is not in the channel's folder."
        )
    try:
        with raising_no_space(path):
            put(path, text)
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}") from error


def put(path: Path, text: str) -> None:
    """Write a file for everybody to read, which appears complete, or write to a device."""
    if path.exists() and not path.is_file():  # such as /dev/stdout, which must stay a device
        path.write_text(text)
        return
    part = path.with_name(f".{path.name}.part")
    try:
        part.write_text(text)
        part.chmod(0o644)
        os.rename(part, path)
    except OSError:
        part.unlink(missing_ok=True)
        raise


@lru_cache(maxsize=1)
def _template() -> "Template":
    # Here, because it takes as long as the rest of the command's start.
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    filters: Mapping[str, Any] = {"size": formatting.size, "day": _day, "minute": _minute}
    environment.filters.update(filters)
    return environment.get_template("page.html")


def _day(time: str) -> str:
    moment = datetime.fromisoformat(time)
    return f"{moment.day} {moment:%B %Y}"


def _minute(time: str) -> str:
    return f"{_day(time)}, {datetime.fromisoformat(time):%H:%M} UTC"
