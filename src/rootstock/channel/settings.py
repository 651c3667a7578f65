"""The file channel.yaml: title, description and URL of a channel, written by people."""

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
    """Read the settings in a channel.yaml; without the file they are empty.

    Raises `UsageError` when it cannot be read, or has other content.
    """
    import yaml  # here, because it takes a while

    try:
        known = yaml.safe_load(regular.read(path)) or {}
        if not all(isinstance(value, str) for value in known.values()):
            raise UsageError("title, about and url must be texts")
        settings = Settings(**known)
        return replace(settings, url=address(settings.url))
    except UsageError as error:
        raise UsageError(f"{path}: {error.message}", error.remedy) from error
    except (FileNotFoundError, NotADirectoryError):
        return Settings()
    # Errors from reading a YAML file with arbitrary content.
    except (
        OSError,
        ValueError,
        TypeError,
        AttributeError,
        RecursionError,
        yaml.YAMLError,
    ) as error:
        raise UsageError(
            f"{path} cannot be read: {error}", "It may contain title, about and url."
        ) from error


def address(url: str) -> str:
    """Return a channel's public URL, without a slash at its end; empty when none is given.

    Raises `UsageError` when it is not a valid URL.
    """
    try:
        return names.public_url(url) if url else ""
    except NotAllowed as error:
        raise UsageError(str(error), "Give the address that readers use.") from error
