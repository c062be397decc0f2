"""A runner of tests of workflows in this process: the jobs of the real one, in a thread, and no protection."""

import asyncio
from contextlib import closing
from uuid import UUID

from actors.workflow_tests.codec import BROKEN, EXCEEDED, ResultReader, encode_job
from actors.workflow_tests.jobs import Jobs
from domain.kernel.errors import LimitExceeded, Unavailable
from domain.workflow_tests.model import WorkflowTestJob, WorkflowTestResult


class RunnerHere:
    """Implements `domain.workflow_tests.ports.WorkflowTestRunner`."""

    async def run(self, job: WorkflowTestJob, owner: UUID) -> WorkflowTestResult:
        """The result of a test."""
        return await asyncio.to_thread(_run, encode_job(job))


def _run(job: bytes) -> WorkflowTestResult:
    parts = ResultReader()
    with closing(Jobs()) as jobs:
        for kind, text in jobs.answer(job):
            if kind == EXCEEDED:
                raise LimitExceeded(text.decode())
            if kind == BROKEN:
                raise Unavailable(text.decode())
            result = parts.add(kind, text)
    assert result is not None
    return result
