"""Tests without a server: the same service and the same confined process as in an API, over stores in memory."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias
from uuid import UUID

from actors.sandbox.pool import SandboxPool
from actors.workflow_tests.pool import ProcessTestRunner, RunnerOptions
from domain.kernel.errors import InvalidInput
from domain.kernel.ids import new_id
from domain.workflow_tests.model import WorkflowTestRequest, WorkflowTestResult
from domain.workflow_tests.service import WorkflowTestService
from domain.workflows.service import WorkflowService
from persistence.memory import MemoryStorage
from stepgraph.cli.kit.documents import told_problems
from stepgraph.cli.kit.exit_codes import fail, settings_of
from stepgraph.cli.workflow_tests.case_files import Case, Suite
from stepgraph.composition import limits_of, sandbox_options_of

Runs: TypeAlias = Callable[[Suite, Case], Awaitable[Mapping[str, Any]]]
"""A function that runs a case, and answers as `testWorkflow` does."""

_OPTIONS = RunnerOptions(deadline=timedelta(minutes=1), start_within=timedelta(minutes=2))


class _Clock:
    def now(self) -> datetime:
        return datetime.now(UTC)

    def new_id(self) -> UUID:
        return new_id()


@asynccontextmanager
async def local_runs() -> AsyncIterator[Runs]:
    """A function that runs cases in a process of this machine, while the context lasts."""
    settings = settings_of()
    limits, clock = limits_of(settings), _Clock()
    async with SandboxPool(sandbox_options_of(settings)) as sandbox, ProcessTestRunner(_OPTIONS) as runner:
        services: dict[Suite, WorkflowTestService] = {}

        async def service_of(suite: Suite) -> WorkflowTestService:
            storage = MemoryStorage()
            workflows = WorkflowService(workflows=storage.workflows, clock=clock, limits=limits, sandbox=sandbox)
            for document in suite.others:
                try:
                    await workflows.apply(document.value)
                except InvalidInput as error:
                    problems = [_problem(problem) for problem in error.problems]
                    fail(told_problems(document, problems))
            return WorkflowTestService(
                workflows=workflows,
                stored=storage.workflows,
                rules=storage.rules,
                runner=runner,
                clock=clock,
                max_output_bytes=settings.max_output_bytes,
                limits=limits,
            )

        async def run(suite: Suite, case: Case) -> Mapping[str, Any]:
            if suite not in services:
                services[suite] = await service_of(suite)
            request = WorkflowTestRequest(document=suite.tested.value, input=case.input, mocks=case.mocks, now=case.now)
            return _answer(await services[suite].test(request))

        yield run


def _answer(result: WorkflowTestResult) -> Mapping[str, Any]:
    """A result as `testWorkflow` answers it."""
    execution = result.execution
    steps = [step for step in result.steps if execution is not None and step.execution_id == execution.id]
    return {
        "problems": [_problem(problem) for problem in result.problems],
        "unusedMocks": list(result.unused_mocks),
        "calls": [
            {
                "path": call.path,
                "type": call.type,
                "attempt": call.attempt,
                "request": call.request,
                "mock": call.mock,
            }
            for call in result.calls
        ],
        "execution": None
        if execution is None
        else {
            "status": execution.status.value,
            "output": execution.output,
            "error": None if execution.error is None else {"path": None, "details": None, **execution.error.to_json()},
            "steps": {"nodes": [{"path": step.state.path, "status": step.state.status.value} for step in steps]},
        },
    }


def _problem(problem: Any) -> dict[str, Any]:
    return {
        "path": list(problem.path),
        "message": problem.message,
        "hint": problem.hint,
        "stepId": problem.step_id,
    }
