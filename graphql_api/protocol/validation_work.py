"""The cost of validating a document, in units of about a microsecond, found in time linear in the limit.

Two rules of GraphQL's validation take more than linear time, and both are counted as what they do. Fields that answer
under one name in one place are compared in pairs, and so are the fields inside of each pair. Every operation is walked
through all the fragments that it reaches. The rest is linear in the tokens, which have a limit of their own.
"""

from collections.abc import Iterator, Mapping, Sequence

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
)

_SELECTION = 3
_PAIR_OF_LEAVES = 1
_PAIR_OF_OBJECTS = 6
_PAIR_OF_FRAGMENTS = 8

Fragments = Mapping[str, FragmentDefinitionNode]


class TooMuchWork(Exception):
    """The work is more than may be spent."""


def check_validation_work(document: DocumentNode, fragments: Fragments, most: int) -> None:
    """Raise `TooMuchWork` where validating would cost more than `most` units, as soon as that is certain.

    No fragment may spread itself, which a rule of validation finds in linear time.
    """
    work = _Work(fragments, most)
    for definition in document.definitions:
        if isinstance(definition, OperationDefinitionNode | FragmentDefinitionNode):
            work.compare([definition.selection_set])


class _Work:
    """Counts the work of validation along the paths that it will take."""

    def __init__(self, fragments: Fragments, most: int) -> None:
        self._fragments = fragments
        self._left = most

    def compare(self, merged: Sequence[SelectionSetNode]) -> None:
        """Spend the cost of comparing selections that are merged in one place, and of all inside of them."""
        waiting = [merged]
        while waiting:
            groups: dict[str, list[FieldNode]] = {}
            for field in self._fields(waiting.pop()):
                groups.setdefault((field.alias or field.name).value, []).append(field)
            for fields in groups.values():
                inner = [field.selection_set for field in fields if field.selection_set is not None]
                pairs = len(fields) * (len(fields) - 1) // 2
                self._spend(pairs * (_PAIR_OF_OBJECTS if inner else _PAIR_OF_LEAVES))
                if inner:
                    waiting.append(inner)

    def _fields(self, selections: Sequence[SelectionSetNode]) -> Iterator[FieldNode]:
        """Every field of the selections, those of fragments in their place; each fragment once."""
        spread: set[str] = set()
        waiting: list[SelectionNode] = [each for set_ in reversed(selections) for each in reversed(set_.selections)]
        self._spend(len(waiting) * _SELECTION)
        while waiting:
            node = waiting.pop()
            inner: Sequence[SelectionNode] = ()
            if isinstance(node, FieldNode):
                yield node
            elif isinstance(node, InlineFragmentNode):
                inner = node.selection_set.selections
            elif isinstance(node, FragmentSpreadNode) and node.name.value not in spread:
                spread.add(node.name.value)
                fragment = self._fragments.get(node.name.value)
                inner = () if fragment is None else fragment.selection_set.selections
            self._spend(len(inner) * _SELECTION)
            waiting.extend(reversed(inner))
        self._spend(len(spread) * (len(spread) - 1) // 2 * _PAIR_OF_FRAGMENTS)

    def _spend(self, units: int) -> None:
        self._left -= units
        if self._left < 0:
            raise TooMuchWork
