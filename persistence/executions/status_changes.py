"""The changes that carry a new status, which listeners to all executions receive."""

from collections import OrderedDict
from dataclasses import replace
from uuid import UUID

from domain.executions.records import ExecutionChange
from domain.kernel.statuses import ExecutionStatus

_REMEMBERED = 100_000


class StatusChanges:
    """Remembers the last status of each execution that passed; forgets those that ended, and the oldest ones."""

    __slots__ = ("_last",)

    def __init__(self) -> None:
        self._last: OrderedDict[UUID, ExecutionStatus] = OrderedDict()

    def of(self, change: ExecutionChange) -> ExecutionChange | None:
        """The change without its steps when its status is new (as far as is known here), otherwise None."""
        if self._last.get(change.execution_id) is change.status:
            return None
        if change.status.is_terminal:
            self._last.pop(change.execution_id, None)
        else:
            self._last[change.execution_id] = change.status
            if len(self._last) > _REMEMBERED:
                self._last.popitem(last=False)
        return replace(change, steps=())
