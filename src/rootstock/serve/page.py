"""The channel's page: one HTML file that needs nothing else, made from the channel's records."""

import os
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from rootstock.channel import generation, switch
from rootstock.channel.generation import History
from rootstock.core import formatting, names, regular
from rootstock.core.errors import RefusedError, UsageError, no_space_told
from rootstock.core.names import NotAllowed
from rootstock.serve.contents import Contents
from rootstock.serve.files import PAGE
from rootstock.serve.records import read

if TYPE_CHECKING:
    from jinja2 import Template

SETTINGS = "channel.yaml"
_HISTORY = 30  # releases that are shown; who wants older ones reads releases.json
_ROOTS = 10  # ROOT versions that are shown with their Pythons and proofs
_FEW = 3  # versions that are named in a line
_NAMES = 12  # file names of a release that are shown each
_UNKNOWN = "CHANNEL"
# What reading a YAML file of any content raises, and taking it for what it should be.
_UNREADABLE = (OSError, ValueError, TypeError, AttributeError, RecursionError, yaml.YAMLError)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What a channel says of itself: its title, a sentence about it, its public address."""

    title: str = ""
    about: str = ""
    url: str = ""


def settings(channel: Path) -> Settings:
    """What channel.yaml in the channel's folder says; nothing when there is none.

    Raises `UsageError` when it cannot be read, or says something else.
    """
    path = channel / SETTINGS
    try:
        told = yaml.safe_load(regular.read(path)) or {}
        if not all(isinstance(value, str) for value in told.values()):
            raise UsageError("title, about and url are each a text")
        said = Settings(**told)
        return replace(said, url=address(said.url))
    except UsageError as error:
        raise UsageError(f"{path}: {error.message}", error.remedy) from error
    except (FileNotFoundError, NotADirectoryError):
        return Settings()
    except (
        OSError,
        ValueError,
        TypeError,
        AttributeError,
        RecursionError,
        yaml.YAMLError,
    ) as error:
        raise UsageError(
            f"{path} cannot be read: {error}", "It may have title, about and url."
        ) from error


def address(url: str) -> str:
    """A channel's public address, without a slash at its end; empty when none is given.

    Raises `UsageError` when it is none.
    """
    try:
        return names.public_url(url) if url else ""
    except NotAllowed as error:
        raise UsageError(
            str(error), "Give the address at which readers have the channel."
        ) from error


def render(contents: Contents, said: Settings) -> str:
    """The page of a channel; when its address is unknown, it shows where to put it."""
    url = (said.url or contents.url).rstrip("/")
    offered = [package.name for package in contents.packages]
    spec = "root" if "root" in offered else (offered or ["PACKAGE"])[0]
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


def write(channel: Path, past: History) -> list[Path]:
    """Write the page of the last generation of `past` beside its indexes; returns the file.

    Readers see it when that generation is the current one. A page that is not rootstock's
    stays. Raises as `read` and `settings` do.
    """
    text = render(read(channel, past), settings(channel))
    path = generation.folder_of(channel, past.current.number) / PAGE
    _put(path, text)
    visible = channel / PAGE
    if not os.path.lexists(visible):
        visible.symlink_to(f"{generation.META_DIR}/current/{PAGE}")
    return [path]


def rewrite(channel: Path) -> Path:
    """Write the page of the current generation again, and return it.

    Raises `RefusedError` when the channel is not one of rootstock's, or is being written to, and
    `UsageError` when it cannot be written.
    """
    if not generation.current_number(channel):
        read(channel)
        raise RefusedError(
            f"{channel} is a channel that rootstock did not make",
            "Write its page somewhere else with --out.",
        )
    with switch.writing(channel) as past:
        switch.renew(channel, write(channel, past))
    return channel / PAGE


def write_to(path: Path, channel: Path, said: Settings) -> None:
    """Write the page of a channel to a file.

    Raises `RefusedError` when that is a file of the channel, `UsageError` when it cannot be
    written, and `NoSpace`.
    """
    text = render(read(channel), said)
    own = Path(os.path.realpath(channel))
    place = Path(os.path.realpath(path.parent)) / path.name
    if place.is_relative_to(own) and os.path.lexists(place) and place != own / PAGE:
        raise RefusedError(
            f"{path} is a file of the channel", "Name a file that is not in the channel's folder."
        )
    try:
        with no_space_told(path):
            _put(path, text)
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}") from error


def _put(path: Path, text: str) -> None:
    if path.exists() and not path.is_file():  # such as /dev/stdout, which must stay what it is
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
    # Here, because it takes as long as all the rest of the start of the command.
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
