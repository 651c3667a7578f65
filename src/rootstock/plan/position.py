"""Finds the line of a recipe's file that a rendered output comes from."""

from collections.abc import Sequence
from functools import cached_property

from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from rootstock.core import yaml_source
from rootstock.plan.recipe import Output


class Position:
    """Finds lines of one output in a recipe's file, which it reads at the first request."""

    def __init__(self, output: Output) -> None:
        self.path = output.path
        self._name = output.name

    def line(self, keys: Sequence[str], value: str = "") -> int:
        """Return the line of a key, in the output or at the recipe's top; 0 if unknown.

        Of several such keys it is the one that has the value.
        """
        # For a missing key it is the line of the nearest existing key above.
        while keys:
            for top in self._tops:
                if line := yaml_source.line_of(top, *keys, value=value):
                    return line
            keys = keys[:-1]
        return 0

    @cached_property
    def _tops(self) -> list[Node]:
        if self.path.suffix != ".yaml":  # a program writes it, and nobody edits it
            return []
        whole = yaml_source.read(self.path).node
        outputs = [
            item
            for key, value in (whole.value if isinstance(whole, MappingNode) else ())
            if key.value == "outputs" and isinstance(value, SequenceNode)
            for item in value.value
        ]
        # The name that a template makes is not known here.
        named = [item for item in outputs if self._name in _names(item)]
        return [*(named or outputs), whole]


def _names(output: Node) -> list[str]:
    return [
        name.value
        for key, value in (output.value if isinstance(output, MappingNode) else ())
        if key.value == "package" and isinstance(value, MappingNode)
        for inner, name in value.value
        if inner.value == "name" and isinstance(name, ScalarNode)
    ]
