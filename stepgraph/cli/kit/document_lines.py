"""The lines of a YAML or JSON file on which the members of its documents stand."""

from collections.abc import Iterable
from typing import Any

import yaml


class DocumentLines:
    """The lines of one document. Aliases are followed, and never unfolded."""

    def __init__(self, root: yaml.Node) -> None:
        self._root = root

    def of(self, path: Iterable[str]) -> int:
        """The line, from 1, of a member, or of the nearest one around it that is there."""
        node, line = self._root, self._root.start_mark.line
        for part in path:
            found = _member(node, part)
            if found is None:
                break
            line, node = found
        return line + 1


def lines_in(text: str) -> list[DocumentLines | None]:
    """The lines of each document in a YAML file, or of the one in a JSON file; None for an empty one.

    Nothing for a text that is neither.
    """
    try:
        nodes: list[Any] = list(yaml.compose_all(text, Loader=yaml.SafeLoader))
    except (yaml.YAMLError, RecursionError, ValueError):
        return []
    return [None if node is None else DocumentLines(node) for node in nodes]


def _member(node: Any, part: str) -> tuple[int, Any] | None:
    """The line of a member (of an item: of its beginning), and what it holds."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == part:
                return key.start_mark.line, value
    elif isinstance(node, yaml.SequenceNode) and part.isdecimal() and int(part) < len(node.value):
        item = node.value[int(part)]
        return item.start_mark.line, item
    return None
