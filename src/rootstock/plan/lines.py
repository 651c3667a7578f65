"""YAML whose mistakes are told by file and line."""

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from rootstock.errors import UsageError

_TAG = "tag:yaml.org,2002:"
_WORDS = {"str": "text", "int": "a number", "float": "a number", "bool": "yes or no"}


@dataclass(frozen=True)
class Value:
    """A value of a YAML file, which knows its line.

    What is asked of it that it is not is a `UsageError` with file and line.
    """

    path: Path
    node: Node
    key: Node | None = None

    def fail(self, message: str, remedy: str = "") -> UsageError:
        """The error that something is wrong with this value: on the line where its key is."""
        line = (self.key or self.node).start_mark.line + 1
        return UsageError(f"{self.path}:{line}: {message}", remedy)

    def mapping(self, required: Collection[str], optional: Collection[str] = ()) -> "Mapping":
        """It as a mapping that has every key of `required` and none but `optional` beside."""
        entries = self.entries()
        known = [*required, *optional]
        for key, value in entries.items():
            if key not in known:
                raise value.fail(f"unknown key {key}", f"Known here: {', '.join(known)}")
        if missing := [key for key in required if key not in entries]:
            raise self.fail(f"missing: {', '.join(missing)}")
        return entries

    def entries(self) -> "Mapping":
        """It as a mapping whose keys are text, each there once."""
        if not isinstance(self.node, MappingNode):
            raise self.fail(f"{self} is not a mapping (key: value)")
        found: Mapping = {}
        for key_node, node in self.node.value:
            key = Value(self.path, key_node).text()
            if key in found:
                raise Value(self.path, key_node).fail(f"{key} is there twice")
            found[key] = Value(self.path, node, key_node)
        return found

    def items(self) -> "list[Value]":
        """It as a list that is not empty."""
        if not isinstance(self.node, SequenceNode):
            raise self.fail(f"{self} is not a list")
        if not self.node.value:
            raise self.fail("the list is empty")
        return [Value(self.path, node) for node in self.node.value]

    def text(self) -> str:
        """It as text. A number is none: YAML reads 3.10 as 3.1."""
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


def read(path: Path) -> Value:
    """Read a YAML file; raises `UsageError` when there is none or it is not YAML."""
    try:
        node = yaml.compose(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} cannot be read: {error}") from error
    except yaml.MarkedYAMLError as error:
        line = f":{error.problem_mark.line + 1}" if error.problem_mark else ""
        raise UsageError(f"{path}{line}: not YAML: {error.problem}") from error
    except yaml.YAMLError as error:
        raise UsageError(f"{path}: not YAML: {error}") from error
    if node is None:
        raise UsageError(f"{path}:1: the file is empty")
    return Value(path, node)
