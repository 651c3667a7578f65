"""The only module that says which names, paths and addresses from outside are allowed.

Outside means the files of channels and releases, locks, archives, servers' answers, recipes, the
command line and the files that a build leaves. Code that reads one of these calls a function here
on each name before it uses it. Each function returns its argument when it is allowed, and raises
`NotAllowed` otherwise.

The forms of package names, versions, build strings and subdirs are those of CEP 26.
"""

import re
import unicodedata
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

_NAME = re.compile(r"(?:[a-z0-9]|_(?!_))[._-]?(?:[a-z0-9]+[._-])*[a-z0-9]*")
_VERSION = re.compile(r"[0-9a-z._+!]+")
_BUILD = re.compile(r"[0-9A-Za-z._+]+")
# All three at once: a channel has 100,000 of these.
_PACKAGE_FILE = re.compile(rf"{_NAME.pattern}-{_VERSION.pattern}-{_BUILD.pattern}\.conda")
_SUBDIR = re.compile(r"noarch|[a-z0-9]+-[a-z0-9_]+")
_CELL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_MD5 = re.compile(r"[0-9a-f]{32}")
_VARIABLE = re.compile(r"(?!PATH$|HOME$|LD_|PYTHON)[A-Za-z_][A-Za-z0-9_]*")
# Control characters, line separators, and halves of characters that no encoding has.
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_LONGEST_PART = 64  # characters of a name, a version or a build string (CEP 26)
_LONGEST_FILE = 255  # bytes of one name in a path (NAME_MAX of Linux)
_LONGEST_PATH = 4095  # bytes of a path (PATH_MAX of Linux, without the byte that ends it)
_SHOWN = 80  # characters of a name that a message shows
_LISTED = 10  # names that a message lists
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00", re.ASCII)
_LONGEST_LINE = 4096  # characters of a text that people read
# At a path with `:`, `'` or `\`, ROOT does not start. With `$` or `"` it starts, but prints errors
# and misses some folders of headers, or some of its classes.
_NOT_FOR_ROOT = "$:'\\\""


class NotAllowed(ValueError):
    """A name that is not allowed; the message shows it and the form it should have."""


class Distribution(NamedTuple):
    """The parts of a package's file name."""

    name: str
    version: str
    build: str


def quoted(text: object) -> str:
    """Format any value for a message: on one line, escaped and not too long."""
    if isinstance(text, (dict, list)):  # of any size and depth
        return "{...}" if isinstance(text, dict) else "[...]"
    text = text[: _SHOWN + 1] if isinstance(text, str) else text
    plain = ascii(text) if isinstance(text, str) and _UNPRINTABLE.search(text) else repr(text)
    return plain if len(plain) <= _SHOWN else f"{plain[:_SHOWN]}..."


def plain(text: str) -> str:
    r"""Escape the unprintable characters of a text, and cut it if it is too long for a line.

    >>> print(plain("a\nb größe"))
    a\nb größe
    """
    escaped = _UNPRINTABLE.sub(lambda match: ascii(match[0])[1:-1], text)
    return escaped if len(escaped) <= _LONGEST_LINE else f"{escaped[:_LONGEST_LINE]}..."


def folded(path: str) -> str:
    """Return what is equal for two paths that are one file on some file systems.

    These ignore case, or the Unicode form of letters.

    >>> folded("share/README") == folded("share/Readme")
    True
    """
    return unicodedata.normalize("NFC", path).casefold()


def listed(every: Iterable[object], between: str = ", ") -> str:
    """Join names for a message: the first ten, and the number of the others."""
    words = [plain(str(one)) for one in every]
    more = len(words) - _LISTED
    # "and 1 more" takes as much space as the one.
    if more > 1:
        words[_LISTED:] = [f"and {more:,} more"]
    return between.join(words)


def package_name(text: object) -> str:
    """The name of a package."""
    return _matched(text, _NAME, "a package name: a-z, 0-9, single '-', '_' and '.'", _LONGEST_PART)


def version(text: object) -> str:
    """The version of a package."""
    return _matched(text, _VERSION, "a version: 0-9, a-z, '.', '_', '+' and '!'", _LONGEST_PART)


def build_string(text: object) -> str:
    """The build string of a package."""
    form = "a build string: 0-9, a-z, A-Z, '.', '_' and '+'"
    return _matched(text, _BUILD, form, _LONGEST_PART)


def subdir(text: object) -> str:
    """A subdir of a channel, such as `linux-64` or `noarch`."""
    return _matched(text, _SUBDIR, "a subdir such as linux-64 or noarch", _LONGEST_PART)


def cell(text: object) -> str:
    """The id of a cell, which is also the name of files and folders."""
    form = "a cell's id: 0-9, a-z, A-Z, '.', '_' and '-'"
    return _matched(text, _CELL, form, _LONGEST_FILE // 2)


def sha256(text: object) -> str:
    """A sha256, as 64 hexadecimal digits in lower case."""
    return _matched(text, _SHA256, "a sha256: 64 hexadecimal digits", 64)


def md5(text: object) -> str:
    """An md5, as 32 hexadecimal digits in lower case."""
    return _matched(text, _MD5, "an md5: 32 hexadecimal digits", 32)


def package_file(text: object) -> str:
    """The name of a package's file, `NAME-VERSION-BUILD.conda`."""
    if isinstance(text, str) and len(text) <= _LONGEST_PART and _PACKAGE_FILE.fullmatch(text):
        return text
    distribution(text)
    assert isinstance(text, str)
    return text


def distribution(text: object) -> Distribution:
    """The parts of a package's file name, `NAME-VERSION-BUILD.conda`."""
    form = "the name of a package's file: NAME-VERSION-BUILD.conda"
    if not isinstance(text, str) or not text.endswith(".conda") or text.count("-") < 2:
        raise NotAllowed(f"{quoted(text)} is not {form}")
    name, number, build = text.removesuffix(".conda").rsplit("-", 2)
    try:
        return Distribution(package_name(name), version(number), build_string(build))
    except NotAllowed as error:
        raise NotAllowed(f"{quoted(text)} is not {form} ({error})") from error


def file_name(text: object) -> str:
    """The name of one file: no slash, no control character, neither `.` nor `..`."""
    if (
        not isinstance(text, str)
        or text in ("", ".", "..")
        or "/" in text
        or _UNPRINTABLE.search(text)
        or len(text.encode(errors="replace")) > _LONGEST_FILE
    ):
        raise NotAllowed(f"{quoted(text)} is not the name of a file")
    return text


def relative_path(text: object) -> str:
    """The path of a file within a folder: names joined by slashes, none of them `.` or `..`."""
    if not isinstance(text, str):
        raise NotAllowed(f"{quoted(text)} is not the path of a file within its folder")
    try:
        for part in text.split("/"):
            file_name(part)
    except NotAllowed:
        raise NotAllowed(f"{quoted(text)} is not the path of a file within its folder") from None
    return text


def prefix(text: object) -> str:
    """The path of an environment: UTF-8, and without the characters that break ROOT."""
    if not isinstance(text, str) or not text:
        raise NotAllowed(f"{quoted(text)} is not the path of an environment")
    try:
        long = len(text.encode()) > _LONGEST_PATH
    except UnicodeEncodeError:
        raise NotAllowed(f"{quoted(text)} cannot hold an environment: it is not UTF-8") from None
    if long or _UNPRINTABLE.search(text):
        what = "it is too long" if long else "it has a character that cannot be printed"
        raise NotAllowed(f"{quoted(text)} cannot hold an environment: {what}")
    for mark in _NOT_FOR_ROOT:
        if mark in text:
            raise NotAllowed(
                f"{text} cannot hold an environment: it contains {mark}, and ROOT fails "
                "or starts with errors at such a path"
            )
    return text


def web_url(text: object) -> str:
    """An address that starts with http:// or https://, has a host and no blank."""
    form = "an address that starts with https:// or http:// and names a host"
    if not isinstance(text, str) or " " in text or _UNPRINTABLE.search(text):
        raise NotAllowed(f"{quoted(text)} is not {form}, without blanks")
    try:
        parts = urlsplit(text)
        _ = parts.port  # raises for what is no number
    except ValueError as error:
        raise NotAllowed(f"{quoted(text)} is not {form} ({error})") from error
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise NotAllowed(f"{quoted(text)} is not {form}")
    return text


def package_url(text: object) -> str:
    """The address of a package (http:, https:, file:), ending with subdir and file name."""
    form = (
        "the address of a .conda file in a subdir of a channel: https://, http:// or file:///, "
        "without blanks, '?' and '#'"
    )
    if not isinstance(text, str) or any(mark in text for mark in " ?#"):
        raise NotAllowed(f"{quoted(text)} is not {form}")
    if not text.startswith("file:///") or _UNPRINTABLE.search(text):
        web_url(text)
    try:
        package_file(file_of(text))
    except NotAllowed as error:
        raise NotAllowed(f"{quoted(text)} is not {form} ({error})") from error
    if urlsplit(text).path.count("/") < 2:
        raise NotAllowed(f"{quoted(text)} is not {form}: it has no folder")
    return text


def file_of(url: str) -> str:
    """The file name at the end of an address, unquoted."""
    return unquote(url.rpartition("/")[2])


def place_url(text: object) -> str:
    """The address of a channel: a `web_url`, or a folder's `file://` URL, without `?` and `#`."""
    form = "an address that starts with https://, http:// or file:///, without blanks, '?' and '#'"
    if not isinstance(text, str) or any(mark in text for mark in " ?#"):
        raise NotAllowed(f"{quoted(text)} is not {form}")
    if text.startswith("file:///") and not _UNPRINTABLE.search(text):
        return text
    return web_url(text)


def folder_url(text: object) -> str:
    """The `file:///` URL of an absolute path to a folder, without a slash at its end."""
    url = place_url(text).rstrip("/")
    if not url.startswith("file:///") or {".", "..", ""} & {*unquote(url[8:]).split("/")}:
        raise NotAllowed(f"{quoted(text)} is not the address of a folder, such as file:///srv/root")
    return url


def utc_time(text: object) -> str:
    """A time in rootstock's records, by ISO 8601: 2026-11-22T20:00:00+00:00."""
    time = _matched(text, _TIME, "a time such as 2026-11-22T20:00:00+00:00", 25)
    try:
        datetime.fromisoformat(time)
    except ValueError as error:
        raise NotAllowed(f"{quoted(text)} is not a time: {error}") from error
    return time


def line(text: object) -> str:
    """A text for people: one line without control characters. It may be empty."""
    if not isinstance(text, str) or len(text) > _LONGEST_LINE or _UNPRINTABLE.search(text):
        raise NotAllowed(f"{quoted(text)} is not a line of text")
    return text


def variable(text: object) -> str:
    """The name of an environment variable that does not decide which programs run."""
    form = "a variable that may be set: PATH, HOME, LD_* and PYTHON* decide what runs"
    return _matched(text, _VARIABLE, form, _LONGEST_PART)


def public_url(text: object) -> str:
    """The public address of a channel, to which users' programs append file names.

    So it has no query and no fragment, and neither user name nor password, which everybody could
    read. A slash at its end is removed.
    """
    url = web_url(text)
    parts = urlsplit(url)
    if "?" in url or "#" in url:
        raise NotAllowed(f"{quoted(text)} has a query or a fragment, which a channel cannot have")
    if "@" in parts.netloc:
        raise NotAllowed(f"{parts.scheme}://...@{parts.hostname} shows a user name to everybody")
    return url.rstrip("/")


def user_path(text: str) -> Path:
    """A path as a user writes it; `~` is a home folder."""
    if not text or "\0" in text:
        raise NotAllowed(f"{quoted(text)} is not a path")
    try:
        return Path(text).expanduser()
    except RuntimeError as error:  # no such user, or this one has no home
        raise NotAllowed(f"{quoted(text)} is not a path: {error}") from error


def _matched(text: object, pattern: re.Pattern[str], form: str, longest: int) -> str:
    if not isinstance(text, str) or len(text) > longest or not pattern.fullmatch(text):
        raise NotAllowed(f"{quoted(text)} is not {form}")
    return text
