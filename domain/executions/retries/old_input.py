"""Steps whose outcome may follow from the execution's input: which a retry with another input must not take for new."""

from collections.abc import Iterable, Iterator

from domain.expressions.expression import EVERYTHING, Expression
from domain.workflows.definitions.definition import Block, CompiledStep, Definition

_INPUT, _STEPS = "input", "steps"


def resting_on_input(definition: Definition) -> frozenset[str]:
    """The static paths of the steps that read the input, or a step that does, or are in a container that does.

    It follows what expressions may read, so it has no step too few and may have some too many.
    """
    found: set[str] = set()
    size = -1
    while size != len(found):
        size = len(found)
        _mark(definition.root, (), False, found)
        if definition.on_failure is not None:
            _mark(definition.on_failure, (), False, found)
    return frozenset(found)


def _mark(block: Block, outer: tuple[Block, ...], is_inside: bool, found: set[str]) -> None:
    """Add the steps of a block, and of those in it. `is_inside`: a container around it rests on the input."""
    around = (block, *outer)
    for step in block.steps.values():
        rests = is_inside or any(_reads_input(each, around, found) for each in _expressions_of(step))
        if rests:
            found.add(step.path)
        for inner in step.blocks.values():
            _mark(inner, around, rests, found)
            if step.is_container and any(each.path in found for each in inner.steps.values()):
                found.add(step.path)  # what is in it makes its output


def _expressions_of(step: CompiledStep) -> Iterator[Expression]:
    yield from step.inputs.expressions
    yield from step.expressions.values()
    if step.when is not None:
        yield step.when
    if step.result is not None:
        yield from step.result.expressions


def _reads_input(expression: Expression, around: Iterable[Block], found: set[str]) -> bool:
    return any(_rests(read, around, found) for read in expression.reads)


def _rests(read: tuple[str, ...], around: Iterable[Block], found: set[str]) -> bool:
    if read == EVERYTHING or read[0] == _INPUT:
        return True
    if read[0] != _STEPS:
        return False
    if len(read) == 1:
        return any(step.path in found for block in around for step in block.steps.values())
    named = (block.steps.get(read[1]) for block in around)
    return any(step is not None and step.path in found for step in named)
