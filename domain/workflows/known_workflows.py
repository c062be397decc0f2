"""Workflows as they were when they were looked up last: who uses one has to make sure that it has not changed."""

from uuid import UUID

from domain.workflows.summaries import WorkflowSummary


class KnownWorkflows:
    """The workflows that were looked up last, `most` at most, by the id or the name that was asked for."""

    def __init__(self, most: int = 1_000) -> None:
        self._most = most
        self._known: dict[UUID | str, WorkflowSummary] = {}

    def get(self, key: UUID | str) -> WorkflowSummary | None:
        """The workflow with this id or name as it was; None where it was not looked up, or long ago."""
        return self._known.get(key)

    def remember(self, key: UUID | str, workflow: WorkflowSummary) -> None:
        """Keep what was found for an id or a name."""
        self._known.pop(key, None)
        self._known[key] = workflow
        if len(self._known) > self._most:
            del self._known[next(iter(self._known))]

    def forget(self, key: UUID | str) -> None:
        """Drop what has turned out to be something else."""
        self._known.pop(key, None)
