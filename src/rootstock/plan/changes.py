"""Describes in words how the inputs of two build keys differ."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

Inputs = Mapping[str, Any]

_SHORT = 12  # digits of a hash that a message shows
_WIDTH = 60  # characters of a value that a message shows
_HASH = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, kw_only=True)
class InputChange:
    """An input that changed: its name, old and new value (None: absent), and a description."""

    input: str
    old: Any
    new: Any
    words: str

    def __str__(self) -> str:
        return f"{self.input}: {self.words}"


def compare(old: Inputs, new: Inputs) -> tuple[InputChange, ...]:
    """Return the inputs that differ, without the dependencies."""
    if old["format"] != new["format"]:
        words = f"{old['format']} -> {new['format']}"
        form = InputChange(
            input="form of build keys", old=old["format"], new=new["format"], words=words
        )
        return (form,)
    found = [
        *_of_recipe(old, new),
        *_of_sources(old["recipe"], new["recipe"]),
        *_of_files(old["files"], new["files"]),
        *_of_mapping("variant", old["variant"], new["variant"]),
        *_of_mapping("builder", old["builder"], new["builder"]),
    ]
    if old["image"] != new["image"]:
        found.append(_change("image", old["image"], new["image"]))
    return tuple(found)


def dependencies(old: Inputs, new: Inputs) -> tuple[InputChange, ...]:
    """Return the packages that only one of two builds had in its environments."""
    had, has = old["dependencies"], new["dependencies"]
    gone = [_change(f"dependency {id_}", had[id_], None) for id_ in had if id_ not in has]
    return (*gone, *(_change(f"dependency {id_}", None, has[id_]) for id_ in has if id_ not in had))


def _of_recipe(old: Inputs, new: Inputs) -> Iterator[InputChange]:
    without = ("source", "context")
    before, after = ({k: v for k, v in i["recipe"].items() if k not in without} for i in (old, new))
    found = list(_differences("recipe", before, after))
    if old["variant"] != new["variant"]:
        # The build string has a hash of the variant only.
        found = [change for change in found if change.input != "recipe build.string"]
    known = [(change.old, change.new) for change in found]
    contexts = (i["recipe"].get("context", {}) for i in (old, new))
    for change in _differences("recipe context", *contexts):
        if (change.old, change.new) not in known:
            yield change
    yield from found


def _of_sources(old: Inputs, new: Inputs) -> Iterator[InputChange]:
    for one, other in zip_longest(old.get("source", ()), new.get("source", ())):
        before, after = _plain_source(one), _plain_source(other)
        name = (after or before)["name"]
        if before and after and before != after:
            yield from _of_mapping(f"source {name}", before, after)
        elif before != after:
            yield _change(f"source {name}", before or None, after or None)


def _plain_source(entry: Inputs | None) -> dict[str, Any]:
    """A source as built; its file name replaces the URL, which contains its hash."""
    if entry is None:
        return {}
    name = str(entry.get("url", entry.get("path", ""))).rpartition("/")[2]
    return {"name": name, **{key: value for key, value in entry.items() if key != "url"}}


def _of_files(old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[InputChange]:
    for name in sorted(old.keys() | new.keys()):
        before, after = old.get(name), new.get(name)
        if before == after:
            continue
        change = _change(f"file {name}", before, after)
        if before and after:
            words = f"changed ({_shown(before)} -> {_shown(after)})"
            if before.removesuffix(" x") == after.removesuffix(" x"):
                words = "is a program now" if after.endswith(" x") else "is no program any more"
            change = InputChange(input=change.input, old=before, new=after, words=words)
        yield change


def _of_mapping(what: str, old: Inputs, new: Inputs) -> Iterator[InputChange]:
    for key in sorted(old.keys() | new.keys()):
        if old.get(key) != new.get(key):
            yield _change(f"{what} {key}", old.get(key), new.get(key))


def _differences(what: str, old: Any, new: Any, path: str = "") -> Iterator[InputChange]:
    """Yield the smallest parts of two values that differ, with their paths."""
    if old == new:
        return
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for key in sorted(old.keys() | new.keys()):
            yield from _differences(what, old.get(key), new.get(key), f"{path}.{key}".lstrip("."))
    elif _are_lists(old, new) and not _are_texts(*old, *new):
        for index, (one, other) in enumerate(zip_longest(old, new)):
            yield from _differences(what, one, other, f"{path}[{index}]")
    else:
        yield _change(f"{what} {path}".strip(), old, new)


def _are_lists(*values: Any) -> bool:
    return all(isinstance(value, list) for value in values)


def _are_texts(*values: Any) -> bool:
    return all(isinstance(value, str) for value in values)


def _change(what: str, old: Any, new: Any) -> InputChange:
    return InputChange(input=what, old=old, new=new, words=_words(old, new))


def _words(old: Any, new: Any) -> str:
    lists = [[] if value is None else value for value in (old, new)]
    if _are_lists(*lists) and _are_texts(*lists[0], *lists[1]):
        parts = [f"+ {text}" for text in lists[1] if text not in lists[0]]
        parts += [f"- {text}" for text in lists[0] if text not in lists[1]]
        return ", ".join(parts) or "in another order"
    if old is None:
        return f"new ({_shown(new)})"
    if new is None:
        return f"gone ({_shown(old)})"
    if isinstance(old, str) and isinstance(new, str):
        pairs = zip_longest(old.splitlines(), new.splitlines(), fillvalue="")
        old, new = next(((one, other) for one, other in pairs if one != other), (old, new))
        same = next(i for i, pair in enumerate(zip_longest(old, new)) if len(set(pair)) > 1)
        if max(len(old), len(new)) > _WIDTH and same > _WIDTH // 2:
            old, new = (f"...{text[same - _WIDTH // 4 :]}" for text in (old, new))
    return f"{_shown(old)} -> {_shown(new)}"


def _shown(value: Any) -> str:
    text = _HASH.sub(lambda match: match[0][:_SHORT], str(value))
    return text if len(text) <= _WIDTH else text[: _WIDTH - 3] + "..."
