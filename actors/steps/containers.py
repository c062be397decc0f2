"""CONDITIONAL, PARALLEL, FOR_EACH: deciding which of their blocks are to run. Running them is the engine's work."""

from collections.abc import Sequence

from actors.steps.parts import StepParts
from domain.executions.step_executor import Failed, Opened, Outcome, StepCall, Succeeded
from domain.kernel.failures import FailureCode, StepError
from domain.kernel.json.text import JsonValue

_SHOWN_CHARACTERS = 80


class ConditionalExecutor:
    """Chooses `then` or `else` by the boolean in `{"if": …}`; a branch without steps completes the step.

    Anything but a boolean fails with EXPRESSION_FAILED.
    """

    def execute(self, call: StepCall) -> Outcome:
        """Open a block, or complete or fail at once."""
        match call.input:
            case {"if": bool(condition)}:
                branch = "then" if condition else "else"
                if branch in call.step.blocks:
                    return Opened(checkpoint={"branch": branch})
                return Succeeded(output={"branch": branch, "steps": {}})
            case {"if": other}:
                return _failed(f"`if` gave {_shown(other)}, which is neither true nor false.")
            case _:
                return _failed("The step has no condition.")


class ParallelExecutor:
    """Opens all branches; the engine limits the number that run at a time."""

    def execute(self, call: StepCall) -> Outcome:
        """Open the branches, always."""
        return Opened(checkpoint={})


class ForEachExecutor:
    """Opens a block for each of the items in `{"items": […]}`, of which there may be `max_items`.

    Anything but an array fails with EXPRESSION_FAILED, too many items with EXPRESSION_LIMIT; none complete it.
    """

    def __init__(self, max_items: int) -> None:
        self._max_items = max_items

    def execute(self, call: StepCall) -> Outcome:
        """Open the items, or complete or fail at once."""
        match call.input:
            case {"items": list() | tuple() as items}:
                return self._open(items)
            case {"items": other}:
                return _failed(f"`items` gave {_shown(other)}, which is not an array.")
            case _:
                return _failed("The step has no items.")

    def _open(self, items: Sequence[JsonValue]) -> Outcome:
        if not items:
            return Succeeded(output={"results": [], "succeeded": 0, "failed": 0, "failures": []})
        if len(items) > self._max_items:
            message = f"`items` gave {len(items):,} items; {self._max_items:,} are allowed."
            return Failed(error=StepError(code=FailureCode.EXPRESSION_LIMIT, message=message))
        return Opened(checkpoint={"items": list(items)})


def _failed(message: str) -> Failed:
    return Failed(error=StepError(code=FailureCode.EXPRESSION_FAILED, message=message))


def _shown(value: JsonValue) -> str:
    """A short description of a wrong value, without writing out a long one to show its beginning."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case str():
            return repr(value[:_SHOWN_CHARACTERS])
        case int() | float():
            return f"the number {value}"[:_SHOWN_CHARACTERS]
        case _:
            return "an array" if isinstance(value, Sequence) else "an object"


def conditional(parts: StepParts) -> ConditionalExecutor:
    """The executor of CONDITIONAL."""
    return ConditionalExecutor()


def parallel(parts: StepParts) -> ParallelExecutor:
    """The executor of PARALLEL."""
    return ParallelExecutor()


def for_each(parts: StepParts) -> ForEachExecutor:
    """The executor of FOR_EACH."""
    return ForEachExecutor(parts.max_items)
