"""One test, run: the engine of a worker over a store in memory, with executors that call nobody."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from actors.activations.context import ActivationContext
from actors.activations.step_runner import StepRunner
from actors.secrets.values import OpenedSecrets
from actors.steps.parts import StepParts
from actors.steps.registry import step_executors
from actors.transformation_rules.rules import StoredRules
from actors.workflow_tests.mocked_steps import Journal, MockedSteps
from actors.workflow_tests.skipped_time import SkippingClock, SkippingLoop
from actors.workflow_tests.turns import Turns
from domain.executions.children import ChildStarter
from domain.executions.records import NewExecution
from domain.executions.step_executor import StepExecutor
from domain.expressions.evaluator import Evaluator
from domain.kernel.errors import Problem
from domain.kernel.failures import StepError
from domain.kernel.hints import did_you_mean
from domain.kernel.json.text import JsonValue
from domain.kernel.json.values import payload_problems
from domain.kernel.statuses import StepType
from domain.sandbox.ports import Sandbox
from domain.secrets.mask import SecretMask
from domain.workflow_tests.mocks import Mocks, static_path
from domain.workflow_tests.model import WorkflowTestJob, WorkflowTestResult
from domain.workflow_tests.reading import read_mocks
from domain.workflows.definitions.cache import DefinitionCache, LoadedDefinition
from domain.workflows.definitions.definition import Definition
from domain.workflows.records import DefinitionRecord
from domain.workflows.steps.kind import Effect
from domain.workflows.steps.registry import SHIPPED, step_kinds
from persistence.memory import MemoryStorage

_FOR_EVER = timedelta(days=10_000_000)
_SIGNALS = "https://stepgraph.invalid/hooks/signals/{}"


class _PlaceholderSecrets:
    """A source that has every secret, with its name for a value: no test ever sees a real one."""

    async def opened(self, names: frozenset[str]) -> OpenedSecrets | StepError:
        """A placeholder for each of the secrets with these names; as they hide nothing, the mask is empty."""
        return OpenedSecrets({name: f"<secret {name}>" for name in names}, SecretMask(()))


@dataclass(frozen=True, slots=True)
class _Surroundings:
    """The parts that one test is made of."""

    storage: MemoryStorage
    clock: SkippingClock
    definitions: DefinitionCache
    turns: Turns
    mocks: Mocks
    journal: Journal
    evaluator: Evaluator


async def run_test(job: WorkflowTestJob, loop: SkippingLoop, sandbox: Sandbox) -> WorkflowTestResult:
    """The result of a test whose document was found valid. Runs on `loop`, and evaluates nothing elsewhere.

    Raises `TooManySteps`, and what this release cannot read of stored workflows.
    """
    storage, clock = MemoryStorage(), SkippingClock(loop, job.now)
    storage.tables.now = clock.now
    _store_references(storage, job)
    tested = DefinitionRecord(
        id=clock.new_id(), workflow_id=None, version=None, document=job.document, created_at=job.now
    )
    storage.tables.definitions[tested.id] = tested
    definitions = DefinitionCache(storage.workflows)
    loaded = await definitions.load(tested.id)
    mocks = Mocks(read_mocks(job.mocks))
    evaluator = Evaluator(sandbox)
    turns = Turns(definitions)
    journal = Journal(storage.tables, mocks, turns.fail)
    around = _Surroundings(storage, clock, definitions, turns, mocks, journal, evaluator)
    input = loaded.with_defaults(job.input)
    problems = [*await _input_problems(input, loaded, job, evaluator), *_mock_problems(mocks, loaded.definition)]
    if problems:
        return WorkflowTestResult(problems=problems)
    new = NewExecution(
        id=clock.new_id(),
        definition_id=tested.id,
        workflow_id=None,
        workflow_version=None,
        input=input,
        labels={},
        priority=0,
        total_steps=loaded.definition.total_steps,
        created_at=clock.now(),
    )
    await storage.executions.create([new])
    await around.turns.run(new.id, _parts(around, job, sandbox))
    await storage.executions.flush()
    return _result(new.id, around)


def _result(id: UUID, around: _Surroundings) -> WorkflowTestResult:
    tables = around.storage.tables
    rows = {row.id: row for row in tables.executions.values() if not row.is_batch}
    first = rows.pop(id)
    steps = [step for each in (first, *rows.values()) for step in tables.steps.get(each.id, {}).values()]
    return WorkflowTestResult(
        execution=first,
        children=tuple(sorted(rows.values(), key=lambda row: row.id)),
        steps=steps,
        calls=around.journal.calls,
        unused_mocks=around.mocks.unused,
    )


def _store_references(storage: MemoryStorage, job: WorkflowTestJob) -> None:
    tables = storage.tables
    for workflow in job.references.workflows:
        tables.workflows[workflow.id] = workflow
        tables.definitions[workflow.definition_id] = DefinitionRecord(
            id=workflow.definition_id,
            workflow_id=workflow.id,
            version=workflow.version,
            document=workflow.document,
            created_at=workflow.updated_at,
        )
    tables.definitions |= {version.id: version for version in job.references.versions}
    tables.rules |= {rule.settings.name: rule for rule in job.references.rules}


async def _input_problems(
    input: JsonValue, loaded: LoadedDefinition, job: WorkflowTestJob, evaluator: Evaluator
) -> list[Problem]:
    problems = payload_problems(input, max_bytes=job.limits.max_input_bytes, what="input")
    problems = problems or await loaded.input_problems(input, evaluator.schemas)
    return [problem.under("input") for problem in problems]


def _mock_problems(mocks: Mocks, definition: Definition) -> Iterator[Problem]:
    """A problem for each mock of a step that the document does not have; of sub-workflows, for their own step."""
    known = {step.path.replace("[]", "[*]"): step for step in definition.steps.values()}
    for path in mocks.by_path:
        own, _, inner = path.partition("/")
        step = definition.steps.get(static_path(own))
        if step is None:
            hint = did_you_mean(own, known) or "Paths are those of the steps: branches and [*] for items included."
            yield Problem(path=("mocks", path), message=f"There is no step {own[:80]!r}.", hint=hint)
        elif inner and step.type != StepType.SUB_WORKFLOW:
            message = f"The step {own[:80]!r} starts no workflow: it is a {step.type}."
            yield Problem(path=("mocks", path), message=message, hint="Only behind a SUB_WORKFLOW comes a slash.")


def _parts(around: _Surroundings, job: WorkflowTestJob, sandbox: Sandbox) -> ActivationContext:
    storage = around.storage
    children = ChildStarter(
        workflows=storage.workflows,
        executions=storage.executions,
        queries=storage.queries,
        queue=around.turns,
        definitions=around.definitions,
        clock=around.clock,
        new_id=around.clock.new_id,
        limits=job.limits,
        sandbox=sandbox,
    )
    executors = _executors(around, job, children)
    signal_url: Callable[[UUID], str] = _SIGNALS.format
    return ActivationContext(
        store=storage.executions,
        attempts=StepRunner(executors, job.max_output_bytes, around.evaluator, _PlaceholderSecrets()),
        clock=around.clock,
        queue=around.turns,
        hold=_FOR_EVER,
        cancel_child=children.cancel,
        signal_url=signal_url,
    )


def _executors(around: _Surroundings, job: WorkflowTestJob, children: ChildStarter) -> Mapping[str, StepExecutor]:
    """An executor for each kind; those that call out, and all from outside, are mocked or fail."""
    needed_by_none: Any = None  # only executors that call out would have a use for it
    parts = StepParts(
        client=needed_by_none,
        webhooks=needed_by_none,
        callback_key=b"",
        public_url="",
        evaluator=around.evaluator,
        children=children,
        max_items=job.limits.max_items,
        max_output_bytes=job.max_output_bytes,
        rules=StoredRules(around.storage.rules),
    )
    real = step_executors(parts, [kind for kind in SHIPPED if kind.effect is not Effect.CALL])
    return {name: MockedSteps(kind, real.get(name), around.journal) for name, kind in step_kinds().items()}
