"""Testing workflows: a run of a document without side effects, answered as a real one is."""

import asyncio

from domain.kernel.clock import Clock
from domain.kernel.errors import InvalidInput, Problem
from domain.kernel.json.values import payload_problems
from domain.kernel.limits import Limits
from domain.sandbox.budget import Trial
from domain.transformation_rules.ports import TransformationRuleStore
from domain.workflow_tests.model import WorkflowTestJob, WorkflowTestRequest, WorkflowTestResult
from domain.workflow_tests.ports import WorkflowTestRunner
from domain.workflow_tests.reading import read_mocks
from domain.workflow_tests.references import references_of
from domain.workflows.documents.reading import canonical
from domain.workflows.ports import WorkflowStore
from domain.workflows.service import WorkflowService


class WorkflowTestService:
    """Tests documents. Nothing is stored, called or counted; stored workflows and rules that they name are read.

    Without `rules`, steps that apply a transformation rule have to be mocked.
    """

    def __init__(
        self,
        *,
        workflows: WorkflowService,
        stored: WorkflowStore,
        rules: TransformationRuleStore | None,
        runner: WorkflowTestRunner,
        clock: Clock,
        max_output_bytes: int,
        limits: Limits | None = None,
    ) -> None:
        self._workflows = workflows
        self._stored = stored
        self._rules = rules
        self._runner = runner
        self._clock = clock
        self._max_output_bytes = max_output_bytes
        self._limits = limits or Limits()

    async def test(self, request: WorkflowTestRequest, trial: Trial | None = None) -> WorkflowTestResult:
        """The result of a test, or every problem of the document, the input and the mocks.

        Raises `LimitExceeded` where the test needs too much, or too many wait, and `Unavailable`.
        """
        trial = trial or Trial()
        trial.budget.spend_test()
        checked = await self._workflows.validate(request.document, trial)
        problems = [*checked.problems, *self._problems(request)]
        if checked.document is None or problems:
            return WorkflowTestResult(problems=problems)
        document = await asyncio.to_thread(canonical, checked.document)
        job = WorkflowTestJob(
            document=document,
            input=request.input,
            mocks=request.mocks,
            now=request.now or self._clock.now(),
            limits=self._limits,
            max_output_bytes=self._max_output_bytes,
            references=await references_of(document, self._stored, self._rules),
        )
        return await self._runner.run(job, trial.owner)

    def _problems(self, request: WorkflowTestRequest) -> list[Problem]:
        """The problems of the input and the mocks that need no run to be seen."""
        limit = self._limits.max_input_bytes
        faults = payload_problems(request.input, max_bytes=limit, what="input")
        problems = [problem.under("input") for problem in faults]
        faults = payload_problems(request.mocks, max_bytes=limit, what="mocks")
        problems += [problem.under("mocks") for problem in faults]
        if not faults:
            try:
                read_mocks(request.mocks)
            except InvalidInput as error:
                problems += error.problems
        return problems
