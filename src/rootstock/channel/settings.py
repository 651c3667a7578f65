"""channel.yaml: what people write about a channel: its title, a sentence about it, its URL."""

from dataclasses import dataclass, replace
from pathlib import Path

from rootstock.core import names, regular
from rootstock.core.errors import UsageError
from rootstock.core.names import NotAllowed


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The title of a channel, a sentence about it, and its public URL; empty where not given."""

    title: str = ""
    about: str = ""
    url: str = ""


def read(path: Path) -> Settings:
    """The settings in a channel.yaml; empty ones when there is no such file.

    Raises `UsageError` when it cannot be read, or says something else.
    """
    import yaml  # here, for it takes a while

    try:
        known = yaml.safe_load(regular.read(path)) or {}
        if not all(isinstance(value, str) for value in known.values()):
            raise UsageError("title, about and url are each a text")
        settings = Settings(**known)
        return replace(settings, url=address(settings.url))
    except UsageError as error:
        raise UsageError(f"{path}: {error.message}", error.remedy) from error
    except (FileNotFoundError, NotADirectoryError):
        return Settings()
    # What reading a YAML file of any content raises, and taking it for what it should be.
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
    """A channel's public URL, without a slash at its end; empty when none is given.

    Raises `UsageError` when it is no such URL.
    """
    try:
        return names.public_url(url) if url else ""
    except NotAllowed as error:
        raise UsageError(
            str(error), "Give the address at which readers have the channel."
        ) from error
