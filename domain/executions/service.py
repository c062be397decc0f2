"""Starting executions: one, many at once, or steps that are run once and not stored as a workflow."""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from domain.executions.control.awaiting import until_ended
from domain.executions.handing_over import Handovers
from domain.executions.idempotency import difference, key_problems
from domain.executions.ports import ExecutionQueries, ExecutionStore
from domain.executions.progress import ProgressFeed
from domain.executions.records import ExecutionRecord, ExpectedWorkflow, NewExecution
from domain.executions.starting import launch
from domain.json_schemas.checks import MAX_WORK_OF_REQUEST, SchemaChecks
from domain.kernel.clock import Clock
from domain.kernel.errors import (
    Conflict,
    InvalidInput,
    InvalidState,
    LimitExceeded,
    NotFound,
    Problem,
    StepgraphError,
    WorkflowChanged,
)
from domain.kernel.ids import IdKind, new_id, to_public
from domain.kernel.json.text import JsonValue
from domain.kernel.json.values import payload_problems
from domain.kernel.labels import label_problems
from domain.kernel.limits import Limits
from domain.kernel.statuses import TriggerKind, WorkflowStatus
from domain.sandbox.budget import BudgetedSandbox, SandboxBudget
from domain.sandbox.ports import Sandbox
from domain.sandbox.shares import SandboxUse
from domain.system.workers import WorkQueue
from domain.transformation_rules.ports import TransformationRuleStore
from domain.workflows.compiled_schemas import with_schemas_compiled
from domain.workflows.definitions.cache import DefinitionCache
from domain.workflows.documents.reading import canonical, check_document, digest
from domain.workflows.known_workflows import KnownWorkflows
from domain.workflows.ports import WorkflowStore
from domain.workflows.resolution import Lookups
from domain.workflows.rule_references import with_rules_looked_up
from domain.workflows.summaries import WorkflowSummary

ORCHESTRATION = "orchestration"
MAX_PRIORITY = 100
_STARTED_TOGETHER = 250

_REFUSALS = (NotFound, InvalidInput, InvalidState, Conflict, LimitExceeded)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecuteRequest:
    """Start a workflow, named by exactly one of `workflow_id` and `workflow_name`.

    `version` None: the newest. `labels`: a flat object, or null. `wait_for`: answer when the execution has ended, or
    as it is when this is over. `is_own_key`: the key is one that Stepgraph has made, and no client can give.
    `use`: whose share of the sandbox checks the input, where that needs it. `trigger` and `trigger_id`: who asks.
    """

    workflow_id: UUID | None = None
    workflow_name: str | None = None
    version: int | None = None
    input: JsonValue = None
    labels: JsonValue = None
    priority: int = 0
    idempotency_key: str | None = None
    is_own_key: bool = False
    start_at: datetime | None = None
    wait_for: timedelta | None = None
    use: SandboxUse = SandboxUse.EXECUTION
    trigger: TriggerKind = TriggerKind.API
    trigger_id: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OrchestrateRequest:
    """Run steps once. `document` holds `steps` and, where given, `variables`, `output` and `timeout`, camelCase."""

    document: Mapping[str, JsonValue]
    input: JsonValue = None
    labels: JsonValue = None
    idempotency_key: str | None = None
    wait_for: timedelta | None = None


_Request = ExecuteRequest | OrchestrateRequest


class ExecutionService:
    """Starts executions. Hints are sent after the commit, and losing one loses nothing.

    Without `rules`, nothing checks that the transformation rules exist that an orchestration names. Without a
    `sandbox`, input schemas that need it refuse every input.
    """

    def __init__(
        self,
        *,
        workflows: WorkflowStore,
        executions: ExecutionStore,
        queries: ExecutionQueries,
        queue: WorkQueue,
        feed: ProgressFeed,
        definitions: DefinitionCache,
        clock: Clock,
        limits: Limits | None = None,
        rules: TransformationRuleStore | None = None,
        sandbox: Sandbox | None = None,
        handovers: Handovers | None = None,
        new_id: Callable[[], UUID] = new_id,
    ) -> None:
        self._workflows = workflows
        self._handovers = handovers
        self._executions = executions
        self._queries = queries
        self._queue = queue
        self._feed = feed
        self._definitions = definitions
        self._clock = clock
        self._limits = limits or Limits()
        self._rules = rules
        self._sandbox = sandbox
        self._new_id = new_id
        self._known = KnownWorkflows()

    async def execute(self, request: ExecuteRequest) -> ExecutionRecord:
        """Start one execution, or answer the newest run of the one that the key has started.

        Raises `NotFound`, `InvalidInput`, `InvalidState` (the workflow is not ACTIVE), or `Conflict` where the key has
        started something else.
        """
        checks = SchemaChecks(self._sandbox, request.use)
        answer = await self._execute_known(request, checks)
        if answer is None:
            answer = await self._execute_found(request, checks)
        if isinstance(answer, StepgraphError):
            raise answer
        return await self._wait(answer, request.wait_for)

    async def _execute_known(
        self, request: ExecuteRequest, checks: SchemaChecks
    ) -> ExecutionRecord | StepgraphError | None:
        """Start the workflow as it was when it was looked up for a start before, in the one statement that stores it.

        Where that statement stores nothing, or this is refused, it is looked at whether the workflow is still the one
        that is known. None where it is another one now, or is not known here.
        """
        key = _key_of(request)
        known = None if key is None else self._known.get(key)
        if key is None or known is None:
            return None
        new: NewExecution | None = None
        refusal: StepgraphError | None = None
        try:
            new = await self._prepare(request, Lookups(self._workflows, self._definitions, {key: known}), checks)
            if new.max_concurrent is None:
                return await self._start_one(replace(new, expected=_expected(known)), request)
        except WorkflowChanged:
            pass  # or its key has started one before
        except _REFUSALS as error:
            new, refusal = None, error
        found = await self._workflows.find_summary(id=known.id)
        if found is None or (_expected(found), found.status) != (_expected(known), known.status):
            self._known.forget(key)
            return None
        return refusal if new is None else await self._start_one(new, request)

    async def _execute_found(self, request: ExecuteRequest, checks: SchemaChecks) -> ExecutionRecord | StepgraphError:
        """Look the workflow up, start it, and remember it."""
        lookups = Lookups(self._workflows, self._definitions)
        new = await self._prepare(request, lookups, checks)
        key = _key_of(request)
        if key is not None:
            self._known.remember(key, await lookups.workflow(request.workflow_id, request.workflow_name))
        return await self._start_one(new, request)

    async def execute_many(self, requests: Sequence[ExecuteRequest]) -> list[ExecutionRecord | StepgraphError]:
        """Start many; one answer each, in order, so that one bad request stops no other.

        A few hundred at a time are checked and stored in one commit, so that workers are busy before the last are.
        Raises `LimitExceeded` for more than `Limits.max_batch` of them. `wait_for` is refused, request by request.
        """
        if len(requests) > self._limits.max_batch:
            raise LimitExceeded(f"{len(requests):,} executions in one request; {self._limits.max_batch:,} are allowed.")
        lookups = Lookups(self._workflows, self._definitions)
        budget = SandboxBudget(calls=self._limits.max_batch, time=self._limits.max_sandbox_time)
        sandbox = None if self._sandbox is None else BudgetedSandbox(self._sandbox, budget)
        checks = SchemaChecks(sandbox, most_here=MAX_WORK_OF_REQUEST)
        answers: list[ExecutionRecord | StepgraphError] = []
        for first in range(0, len(requests), _STARTED_TOGETHER):
            some = requests[first : first + _STARTED_TOGETHER]
            prepared: list[NewExecution | StepgraphError] = []
            for request in some:
                prepared.append(await self._prepared(request, lookups, checks))
                await asyncio.sleep(0)  # nothing of it may have waited, and others are to be served as well
            asked = zip(prepared, some, strict=True)
            records = iter(
                await self._start([(new, request) for new, request in asked if isinstance(new, NewExecution)])
            )
            answers += [next(records) if isinstance(outcome, NewExecution) else outcome for outcome in prepared]
        return answers

    async def _prepared(
        self, request: ExecuteRequest, lookups: Lookups, checks: SchemaChecks
    ) -> NewExecution | StepgraphError:
        """The execution to start for one of many requests, or the error for which it cannot be started."""
        try:
            if request.wait_for is not None:
                message = "`waitFor` is not allowed where many executions are started at once."
                raise InvalidInput([Problem(path=("waitFor",), message=message)])
            return await self._prepare(request, lookups, checks)
        except _REFUSALS as error:
            return error

    async def orchestrate(self, request: OrchestrateRequest) -> ExecutionRecord:
        """Run steps once, without a workflow, or answer the newest run of those that the key has started.

        Raises `InvalidInput`, or `Conflict` where the key has started something else.
        """
        problems = self._problems(request)
        raw = {"name": ORCHESTRATION, **request.document}
        checked = await asyncio.to_thread(check_document, raw, self._limits)
        checked = await with_schemas_compiled(checked, SchemaChecks(self._sandbox), owner=self._new_id())
        checked = await with_rules_looked_up(checked, self._rules)
        if checked.document is None or problems:
            raise InvalidInput([*checked.problems, *problems])
        now = self._clock.now()
        definition_id = await self._workflows.save_definition(
            definition_id=self._new_id(),
            document=await asyncio.to_thread(canonical, checked.document),
            digest=await asyncio.to_thread(digest, checked.document),
            now=now,
        )
        new = NewExecution(
            id=self._new_id(),
            definition_id=definition_id,
            workflow_id=None,
            workflow_version=None,
            input=request.input,
            labels=_object(request.labels),
            priority=0,
            total_steps=(await self._definitions.get(definition_id)).total_steps,
            created_at=now,
            idempotency_key=request.idempotency_key,
        )
        [answer] = await self._start([(new, request)])
        if isinstance(answer, StepgraphError):
            raise answer
        return await self._wait(answer, request.wait_for)

    async def _prepare(self, request: ExecuteRequest, lookups: Lookups, checks: SchemaChecks) -> NewExecution:
        problems = self._problems(request)
        problems += _more_problems(request)
        if (request.workflow_id is None) == (request.workflow_name is None):
            message = "Exactly one of `workflowId` and `workflowName` must be given."
            raise InvalidInput([Problem(path=("workflowId",), message=message), *problems])
        workflow = await lookups.workflow(request.workflow_id, request.workflow_name)
        if workflow.status is not WorkflowStatus.ACTIVE:
            message = f"The workflow {workflow.name!r} is {workflow.status.value}; only ACTIVE ones can be started."
            raise InvalidState(message, workflow.status.value)
        loaded = await lookups.definition(workflow, request.version)
        value = request.input if problems else loaded.with_defaults(request.input)
        if value is not request.input:
            faults = payload_problems(value, max_bytes=self._limits.max_input_bytes, what="input with its defaults")
            problems = [problem.under("input") for problem in faults]
        if not problems:
            problems = [problem.under("input") for problem in await loaded.input_problems(value, checks)]
        if problems:
            raise InvalidInput(problems)
        now = self._clock.now()
        definition = loaded.definition
        return NewExecution(
            id=self._new_id(),
            definition_id=definition.id,
            workflow_id=workflow.id,
            workflow_version=definition.version,
            input=value,
            labels=_object(request.labels),
            priority=request.priority,
            total_steps=definition.total_steps,
            created_at=now,
            idempotency_key=request.idempotency_key,
            start_at=request.start_at if request.start_at is not None and request.start_at > now else None,
            max_concurrent=definition.max_concurrent_executions,
            trigger=request.trigger,
            trigger_id=request.trigger_id,
        )

    def _problems(self, request: _Request) -> list[Problem]:
        """The problems of the parts that every start has."""
        found: list[tuple[str, Iterable[Problem]]] = [
            ("input", payload_problems(request.input, max_bytes=self._limits.max_input_bytes, what="input")),
            ("labels", self._label_problems(request.labels)),
        ]
        if request.idempotency_key is not None:
            found.append(("idempotencyKey", key_problems(request.idempotency_key, is_own=_is_own(request))))
        longest, wait_for = self._limits.max_wait, request.wait_for
        if wait_for is not None and not timedelta(0) < wait_for <= longest:
            message = f"This must be more than zero, and {longest.total_seconds():g} seconds at most."
            hint = "Follow the execution with the subscription `executionProgress` instead."
            found.append(("waitFor", [Problem(path=(), message=message, hint=hint)]))
        return [problem.under(member) for member, problems in found for problem in problems]

    def _label_problems(self, labels: JsonValue) -> list[Problem]:
        if labels is None:
            return []
        return payload_problems(labels, max_bytes=self._limits.max_input_bytes, what="labels") or label_problems(
            labels, self._limits
        )

    async def _start_one(self, new: NewExecution, request: _Request) -> ExecutionRecord | StepgraphError:
        [answer] = await self._start([(new, request)])
        return answer

    async def _start(self, asked: Sequence[tuple[NewExecution, _Request]]) -> list[ExecutionRecord | Conflict]:
        """Store the new executions. One that a client's key has started before is answered by its newest run."""
        records = await launch(
            [new for new, _ in asked], store=self._executions, queue=self._queue, handovers=self._handovers
        )
        known = [
            record.id
            for (new, request), record in zip(asked, records, strict=True)
            if record.id != new.id and not _is_own(request)
        ]
        newest = await self._queries.newest_retries(known) if known else {}
        return [
            record
            if record.id == new.id or _is_own(request)
            else _conflict(await self._as_known(new, request, record), request, record) or newest.get(record.id, record)
            for (new, request), record in zip(asked, records, strict=True)
        ]

    async def _as_known(self, new: NewExecution, request: _Request, known: ExecutionRecord) -> NewExecution:
        """The execution, its input as stored by the version with which the key has started one before."""
        if new.definition_id == known.definition_id:
            return new
        try:
            loaded = await self._definitions.load(known.definition_id)
        except (NotFound, InvalidInput):
            return new
        return replace(new, input=loaded.with_defaults(request.input))

    async def _wait(self, record: ExecutionRecord, wait_for: timedelta | None) -> ExecutionRecord:
        if wait_for is None:
            return record
        return await until_ended(record, wait_for=wait_for, queries=self._queries, feed=self._feed)


def _expected(workflow: WorkflowSummary) -> ExpectedWorkflow:
    return ExpectedWorkflow(name=workflow.name, version=workflow.version)


def _key_of(request: ExecuteRequest) -> UUID | str | None:
    """The id or the name of the workflow; None where not exactly one is given."""
    if (request.workflow_id is None) == (request.workflow_name is None):
        return None
    return request.workflow_name if request.workflow_id is None else request.workflow_id


def _is_own(request: _Request) -> bool:
    return isinstance(request, ExecuteRequest) and request.is_own_key


def _conflict(new: NewExecution, request: _Request, known: ExecutionRecord) -> Conflict | None:
    """The error that the key of a request has started something else; None where it has not."""
    version = request.version if isinstance(request, ExecuteRequest) else None
    found = difference(new, known, version=version)
    if found is None:
        return None
    id = to_public(IdKind.EXECUTION, known.id)
    message = f"The idempotency key {request.idempotency_key!r} has started the execution {id} {found}."
    return Conflict(f"{message} Use another key for another execution.")


def _more_problems(request: ExecuteRequest) -> list[Problem]:
    """The problems of the parts that only a stored workflow's start has."""
    problems: list[Problem] = []
    if not -MAX_PRIORITY <= request.priority <= MAX_PRIORITY:
        message = f"A priority is between -{MAX_PRIORITY} and {MAX_PRIORITY}."
        problems.append(Problem(path=("priority",), message=message))
    if request.start_at is not None and request.start_at.tzinfo is None:
        message = "A time must say its offset, such as Z."
        problems.append(Problem(path=("startAt",), message=message))
    return problems


def _object(labels: JsonValue) -> Mapping[str, JsonValue]:
    return labels if isinstance(labels, Mapping) else {}
