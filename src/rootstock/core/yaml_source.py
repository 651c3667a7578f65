"""Reads YAML and reports mistakes by file and line."""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml
from yaml.events import CollectionEndEvent, CollectionStartEvent, DocumentStartEvent
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from rootstock.core.errors import UsageError

_TAG = "tag:yaml.org,2002:"
_WORDS = {"str": "text", "int": "a number", "float": "a number", "bool": "yes or no"}
_LONGEST = 1_000_000  # bytes of a file; the longest recipe here has 10,000
_DEEPEST = 100  # levels of nesting; parsers recurse, and their stack is finite
_TEMPLATE = re.compile(r"\$\{\{.*?\}\}", re.DOTALL)
_TEXT = re.compile(r"'[^']*'|\"[^\"]*\"")  # text within a template
_BRACKET = re.compile(r"[\[\]{}]")
_MARK = re.compile(r"^(?:---|\.\.\.)", re.MULTILINE)  # these end a document
_BLOCK = re.compile(r"^[-?: ]+", re.MULTILINE)  # these open levels at a line's beginning


@dataclass(frozen=True)
class Value:
    """A value of a YAML file, which knows its line.

    A method that asks for another type raises `UsageError` with file and line.
    """

    path: Path
    node: Node
    key: Node | None = None

    def fail(self, message: str, remedy: str = "") -> UsageError:
        """Make an error about this value, on the line of its key."""
        line = (self.key or self.node).start_mark.line + 1
        return UsageError(f"{self.path}:{line}: {message}", remedy)

    def mapping(self, required: Collection[str], optional: Collection[str] = ()) -> "Mapping":
        """The value as a mapping with all `required` keys, and else only `optional` ones."""
        entries = self.entries()
        known = [*required, *optional]
        for key, value in entries.items():
            if key not in known:
                raise value.fail(f"unknown key {key}", f"Known here: {', '.join(known)}")
        if missing := [key for key in required if key not in entries]:
            raise self.fail(f"missing: {', '.join(missing)}")
        return entries

    def entries(self) -> "Mapping":
        """The value as a mapping whose keys are text, each of them once."""
        if not isinstance(self.node, MappingNode):
            raise self.fail(f"{self} is not a mapping (key: value)")
        found: Mapping = {}
        for key_node, node in self.node.value:
            key = Value(self.path, key_node).text()
            if key in found:
                raise Value(self.path, key_node).fail(f"{key} occurs twice")
            found[key] = Value(self.path, node, key_node)
        return found

    def items(self) -> "list[Value]":
        """The value as a list that is not empty."""
        if not isinstance(self.node, SequenceNode):
            raise self.fail(f"{self} is not a list")
        if not self.node.value:
            raise self.fail("the list is empty")
        return [Value(self.path, node) for node in self.node.value]

    def text(self) -> str:
        """The value as text. A number is not text: YAML reads 3.10 as 3.1."""
        if not isinstance(self.node, ScalarNode):
            raise self.fail(f"{self} is not text")
        kind = self.node.tag.removeprefix(_TAG)
        value: str = self.node.value
        if kind != "str":
            is_ = _WORDS.get(kind, kind)
            raise self.fail(f"{value or 'nothing'} is {is_}, not text", f'Quote it: "{value}"')
        return value

    def __str__(self) -> str:
        if isinstance(self.node, ScalarNode):
            return str(self.node.value)
        return "a list" if isinstance(self.node, SequenceNode) else "a mapping"


Mapping = dict[str, Value]


def line_of(top: Node, *keys: str, value: str = "") -> int:
    """Return the line of a key that is reached by `keys`; 0 when there is none.

    It looks into lists and the branches of `if`. With `value`, a key that has this value comes
    first. Among several it is the first.
    """
    found = list(_reached(top, keys))
    same = [key for key, node in found if isinstance(node, ScalarNode) and node.value == value]
    places = same or [key for key, _ in found]
    return places[0].start_mark.line + 1 if places else 0


def _reached(node: Node, keys: Collection[str]) -> Iterator[tuple[Node, Node]]:
    first, *rest = keys
    if isinstance(node, SequenceNode):
        for item in node.value:
            if isinstance(item, ScalarNode) and not rest and item.value == first:
                yield item, item
            else:
                yield from _reached(item, keys)
    if not isinstance(node, MappingNode):
        return
    for key, value in node.value:
        if key.value == first and rest:
            yield from _reached(value, rest)
        elif key.value == first:
            yield key, value
        elif key.value in ("then", "else"):
            yield from _reached(value, keys)


def line_below(top: Node, parent: str, key: str) -> int:
    """Return the line of a key directly below a key `parent` anywhere; 0 when there is none."""
    if isinstance(top, SequenceNode):
        return next(filter(None, (line_below(item, parent, key) for item in top.value)), 0)
    for own, value in top.value if isinstance(top, MappingNode) else ():
        found = line_of(value, key) if own.value == parent else 0
        if found := found or line_below(value, parent, key):
            return found
    return 0


def lines_of(top: Node, key: str) -> list[int]:
    """Return the lines of all keys of a name, wherever they are."""
    found, queue = [], [top]
    for node in queue:
        if isinstance(node, MappingNode):
            found += [own.start_mark.line + 1 for own, _ in node.value if own.value == key]
            queue += [value for _, value in node.value]
        elif isinstance(node, SequenceNode):
            queue += node.value
    return sorted(found)


def line_of_word(text: str, word: str, expressions: Collection[str]) -> int:
    """Return the line of a value whose template uses a word as a name; 0 when none does.

    The values of the keys `expressions` are templates without delimiters. Invalid YAML gives 0: its
    reader reports the error.
    """
    if word not in text and "\\" not in text:  # text may be written with escapes
        return 0
    name = re.compile(rf"(?<![\w.]){re.escape(word)}(?!\w)")
    try:
        top = yaml.compose(text, Loader=yaml.CSafeLoader)
    except yaml.YAMLError:
        return 0
    queue: list[tuple[Node, bool]] = [(top, False)] if top else []
    for node, bare in queue:
        if isinstance(node, MappingNode):
            queue += [(value, key.value in expressions) for key, value in node.value]
        elif isinstance(node, SequenceNode):
            queue += [(item, bare) for item in node.value]
        else:
            parts = [node.value] if bare else _TEMPLATE.findall(node.value)
            if any(name.search(_TEXT.sub("''", part)) for part in parts):
                return int(node.start_mark.line) + 1
    return 0


def text_of(path: Path) -> str:
    """Return the text of a YAML file, after checks that keep parsers safe.

    Raises `UsageError` when it cannot be read, is not UTF-8, is longer than 1 MB, is nested deeper
    than 100 levels, or has a second document, which parsers would ignore.
    """
    try:
        with path.open("rb") as file:
            content = file.read(_LONGEST + 1)
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from error
    if len(content) > _LONGEST:
        raise UsageError(f"{path} is longer than {_LONGEST // 10**6} MB", "Is it the right file?")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise UsageError(f"{path}:{line}: the file is not UTF-8", "Save it as UTF-8.") from error
    if line := _too_deep(text):
        raise UsageError(f"{path}:{line}: nested deeper than {_DEEPEST} levels")
    if line := _second_document(text):
        raise UsageError(
            f"{path}:{line}: a second YAML document begins, which would not be read",
            "Put it into a file of its own, or remove the line ---.",
        )
    return text


def _second_document(text: str) -> int:
    """Return the line on which a second document begins; 0 when there is none."""
    if not _MARK.search(text):
        return 0
    begun = 0
    try:
        for event in yaml.parse(text, Loader=yaml.CSafeLoader):
            begun += isinstance(event, DocumentStartEvent)
            if begun > 1:
                return event.start_mark.line + 1 if event.start_mark else 1
    except yaml.YAMLError:
        return 0  # its reader reports that
    return 0


def _too_deep(text: str) -> int:
    """Return the line on which YAML is nested too deep; 0 when it is not."""
    if not _may_be_deep(text):
        return 0
    depth = 0
    try:
        for event in yaml.parse(text, Loader=yaml.CSafeLoader):  # this parser does not recurse
            depth += isinstance(event, CollectionStartEvent)
            depth -= isinstance(event, CollectionEndEvent)
            if depth > _DEEPEST:
                return event.start_mark.line + 1 if event.start_mark else 1
    except yaml.YAMLError:
        return 0  # its reader reports that
    return 0


def _may_be_deep(text: str) -> bool:
    """Whether it has many brackets, or many dashes in one line; most files have a few."""
    depth = 0
    for found in _BRACKET.finditer(text):
        depth = depth + 1 if found[0] in "[{" else max(depth - 1, 0)
        if depth > _DEEPEST:
            return True
    return any(len(found[0]) > _DEEPEST for found in _BLOCK.finditer(text))


def read(path: Path) -> Value:
    """Read a YAML file; raises `UsageError` when it is missing or not YAML."""
    text = text_of(path)
    try:
        node = yaml.compose(text, Loader=yaml.CSafeLoader)
    except yaml.MarkedYAMLError as error:
        line = f":{error.problem_mark.line + 1}" if error.problem_mark else ""
        raise UsageError(f"{path}{line}: not YAML: {error.problem}") from error
    except yaml.YAMLError as error:
        raise UsageError(f"{path}: not YAML: {error}") from error
    if node is None:
        raise UsageError(f"{path}:1: the file is empty")
    return Value(path, node)
