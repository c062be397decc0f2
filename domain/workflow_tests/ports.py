"""The port of what runs tests of workflows."""

from typing import Protocol
from uuid import UUID

from domain.workflow_tests.model import WorkflowTestJob, WorkflowTestResult


class WorkflowTestRunner(Protocol):
    """Runs tests of workflows where they can do no harm: away from what serves others, and bounded."""

    async def run(self, job: WorkflowTestJob, owner: UUID) -> WorkflowTestResult:
        """The result of a test, run for `owner`, whose tests take turns with those of others.

        Raises `LimitExceeded` where it takes too many steps, too long or too much memory, or where too many wait, and
        `Unavailable` where tests cannot be run just now.
        """
