"""Workflows, their versions and their graphs as clients see them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Annotated, TypeVar, cast
from uuid import UUID

import strawberry

from domain.kernel import errors
from domain.kernel.durations import parse_duration, without_years
from domain.kernel.ids import IdKind, workflow_version_id
from domain.kernel.json.text import JsonValue, dumps
from domain.kernel.large_values import ValueKind
from domain.workflows.documents import graph
from domain.workflows.documents.graph import dependencies_of, graph_of, inner_blocks
from domain.workflows.documents.reading import CheckedDocument, WorkflowDocument
from domain.workflows.documents.step import RetryPolicyDocument, StepDocument
from domain.workflows.records import WorkflowRecord
from domain.workflows.summaries import VersionSummary, WorkflowSummary
from graphql_api.context import Info
from graphql_api.executions.inputs import ExecutionFilter, ExecutionOrder
from graphql_api.executions.lists import Window, execution_page
from graphql_api.executions.types import WorkflowExecution
from graphql_api.kit.enums import Jitter, RetryStrategy, StepType, WorkflowStatus, step_type
from graphql_api.kit.errors import Problem
from graphql_api.kit.ids import Node, public_id
from graphql_api.kit.large_values import LargeField, LargeValueLoader
from graphql_api.kit.pagination import BY_VERSION, Connection, connection, page_size
from graphql_api.kit.scalars import JSON, Expression
from graphql_api.metrics.types import OrchestrationMetrics, load_metrics
from graphql_api.workflows.loaders import DocumentLoader
from graphql_api.workflows.reading import DocumentReader

Part = TypeVar("Part")


@strawberry.type(description="The number of attempts at a step, and the delays between them.")
class RetryPolicy:
    """The attempts at a step."""

    strategy: RetryStrategy
    max_attempts: int = strawberry.field(description="Calls in all, the first included.")
    delay: timedelta
    factor: float
    max_delay: timedelta | None
    jitter: Jitter
    max_elapsed: timedelta | None

    @classmethod
    def from_document(cls, policy: RetryPolicyDocument) -> "RetryPolicy":
        """The policy as clients see it, defaults included."""
        return cls(
            strategy=policy.strategy,
            max_attempts=policy.max_attempts,
            delay=policy.delay,
            factor=policy.factor,
            max_delay=policy.max_delay,
            jitter=policy.jitter,
            max_elapsed=policy.max_elapsed,
        )


@strawberry.type(description="A step of a workflow.")
class Step:
    """A step of a workflow."""

    step_id: str = strawberry.field(
        description="Its id in the document, unique within its workflow only: two workflows may well have a `fetch`."
    )
    name: str | None
    type: StepType
    depends_on: list[str] = strawberry.field(description="The stepId of each step of its block that it runs after.")
    when: Expression | None
    retry: RetryPolicy | None
    timeout: timedelta | None
    config: JSON
    steps: list["Step"] = strawberry.field(description="The steps inside it, of all its branches and handlers.")

    @classmethod
    def list_from_block(cls, steps: Sequence[StepDocument], block: str = "") -> list["Step"]:
        """The steps of one block, whose path is `block`, as clients see them."""
        dependencies = dependencies_of(steps)
        return [cls._from_document(step, dependencies[step.id], f"{block}{step.id}") for step in steps]

    @classmethod
    def _from_document(cls, step: StepDocument, depends_on: Sequence[str], path: str) -> "Step":
        inner = [cls.list_from_block(block.steps, f"{block.path}.") for block in inner_blocks(step, path)]
        return cls(
            step_id=step.id,
            name=step.name,
            type=step_type(step.type),
            depends_on=list(depends_on),
            when=None if step.when is None else Expression(step.when),
            retry=None if step.retry is None else RetryPolicy.from_document(step.retry),
            timeout=step.timeout,
            config=JSON(step.config.model_dump(mode="json", by_alias=True, exclude_unset=True)),
            steps=[each for steps in inner for each in steps],
        )


@strawberry.type(description="A step in the graph. Its parent is the step whose block it is in.")
class GraphNode:
    """A step in the graph."""

    path: str
    type: StepType
    name: str
    parent: str | None


@strawberry.type(description="A dependency: one step runs after the other.")
class GraphEdge:
    """A dependency."""

    from_: str = strawberry.field(name="from")
    to: str
    label: str | None = strawberry.field(description="The branch, where the edge enters one.")


@strawberry.type(description="The graph that a console draws: blocks are nested, edges are dependencies.")
class WorkflowGraph:
    """The graph that a console draws."""

    nodes: list[GraphNode]
    edges: list[GraphEdge]

    @classmethod
    def from_record(cls, drawn: graph.WorkflowGraph) -> "WorkflowGraph":
        """The graph as clients see it."""
        return cls(
            nodes=[
                GraphNode(path=node.path, type=step_type(node.type), name=node.name, parent=node.parent)
                for node in drawn.nodes
            ],
            edges=[GraphEdge(from_=edge.source, to=edge.target, label=edge.label) for edge in drawn.edges],
        )


def _steps_of(document: WorkflowDocument) -> list[Step]:
    return Step.list_from_block(document.steps)


def _is_read(_: WorkflowDocument) -> bool:
    return True


def _graph_of(document: WorkflowDocument) -> WorkflowGraph:
    return WorkflowGraph.from_record(graph_of(document.steps, document.on_failure or ()))


@strawberry.type(description="One immutable version of a workflow. An execution keeps the one that it started with.")
class WorkflowVersion(Node):
    """One immutable version of a workflow."""

    version: int = strawberry.field(description="Its number: 1, 2, …")
    created_at: datetime
    note: str | None
    definition_id: strawberry.Private[UUID]

    @strawberry.field
    async def document(self, info: Info) -> JSON:
        return JSON(await info.context.shared(DocumentLoader).load(self.definition_id))

    @classmethod
    def from_record(cls, record: VersionSummary) -> "WorkflowVersion":
        """The version as clients see it."""
        return cls(
            id=strawberry.ID(workflow_version_id(record.workflow_id, record.version)),
            version=record.version,
            created_at=record.created_at,
            note=record.note,
            definition_id=record.id,
        )


@strawberry.type(description="A workflow at its newest version.")
class Workflow(Node):
    """A workflow at its newest version."""

    name: str
    status: WorkflowStatus
    version: int
    labels: JSON
    created_at: datetime
    updated_at: datetime
    uuid: strawberry.Private[UUID]
    definition_id: strawberry.Private[UUID]
    known: strawberry.Private[Mapping[str, JsonValue] | None]

    async def stored(self, info: Info) -> Mapping[str, JsonValue]:
        """The stored document: the one that is known already, else read with those of the other workflows."""
        return await info.context.shared(DocumentLoader).load(self.definition_id) if self.known is None else self.known

    @strawberry.field(description="The whole definition as one portable document, as applyWorkflow takes it.")
    async def document(self, info: Info) -> JSON:
        return JSON(await self.stored(info))

    @strawberry.field
    async def description(self, info: Info) -> str | None:
        return cast("str | None", (await self.stored(info)).get("description"))

    @strawberry.field(
        description="The steps, each with those inside it. There are none where this release cannot read the stored "
        "document: see `documentProblem`."
    )
    async def steps(self, info: Info) -> list[Step]:
        return await self._part(info, _steps_of) or []

    @strawberry.field(
        description="The reason why this release cannot read the stored document, which another one has written, and "
        "what to do; null where it can. Such a workflow can be read, applied anew and deleted, but not executed."
    )
    async def document_problem(self, info: Info) -> str | None:
        try:
            await info.context.shared(DocumentReader).part(self.uuid, self.version, await self.stored(info), _is_read)
        except errors.InvalidInput as error:
            [problem] = error.problems
            return f"{problem.message} {problem.hint}"
        return None

    @strawberry.field(description="A JSON Schema that the input of every execution must meet.")
    async def input_schema(self, info: Info) -> JSON | None:
        return JSON((await self.stored(info)).get("inputSchema"))

    @strawberry.field(
        description="The output of an execution. By default the last step's output. An object or an array with "
        "{{ … }} in its texts is shown as its JSON text; the document has it as it is."
    )
    async def output(self, info: Info) -> Expression | None:
        output = (await self.stored(info)).get("output")
        if output is None:
            return None
        return Expression(output if isinstance(output, str) else dumps(output))

    @strawberry.field(description="The longest time that an execution may take.")
    async def timeout(self, info: Info) -> timedelta | None:
        timeout = (await self.stored(info)).get("timeout")
        return None if timeout is None else parse_duration(without_years(cast("str", timeout)))

    @strawberry.field
    async def max_concurrent_executions(self, info: Info) -> int | None:
        return cast("int | None", (await self.stored(info)).get("maxConcurrentExecutions"))

    @strawberry.field(description="Every version, newest first.")
    async def versions(
        self, info: Info, first: int | None = 20, after: str | None = strawberry.UNSET
    ) -> Connection[WorkflowVersion]:
        size, key = page_size(first), BY_VERSION.read(after)
        info.context.spend_rows(size)
        service = info.context.services.workflows
        page = await service.versions_page(self.uuid, first=size, after=key)
        return connection(
            page,
            item=WorkflowVersion.from_record,
            key=lambda record: record.version,
            cursors=BY_VERSION,
            is_first=key is None,
            count=lambda: service.versions_count(self.uuid),
        )

    @strawberry.field(description="Its executions, newest first, or as orderBy says: as `executions` lists them.")
    async def executions(
        self,
        info: Info,
        filter: ExecutionFilter | None = strawberry.UNSET,
        first: int | None = 20,
        after: str | None = strawberry.UNSET,
        last: int | None = None,
        before: str | None = strawberry.UNSET,
        order_by: ExecutionOrder | None = strawberry.UNSET,
    ) -> Connection[WorkflowExecution]:
        wanted = replace(ExecutionFilter.to_record(filter), workflow_id=self.uuid)
        return await execution_page(
            info, wanted, ExecutionOrder.to_record(order_by), Window(first, after, last, before)
        )

    @strawberry.field(description="Counts and durations of its executions; by default of the last 24 hours.")
    async def metrics(
        self,
        info: Info,
        from_: Annotated[datetime | None, strawberry.argument(name="from")] = strawberry.UNSET,
        to: datetime | None = strawberry.UNSET,
    ) -> OrchestrationMetrics:
        return await load_metrics(info, self.uuid, from_, to)

    @strawberry.field(
        description="The graph that a console draws: blocks are nested, edges are dependencies. Empty where `steps` is."
    )
    async def graph(self, info: Info) -> WorkflowGraph:
        return await self._part(info, _graph_of) or WorkflowGraph(nodes=[], edges=[])

    async def _part(self, info: Info, make: Callable[[WorkflowDocument], Part]) -> Part | None:
        """The result of `make` for the document; None where it cannot be read."""
        try:
            return await info.context.shared(DocumentReader).part(
                self.uuid, self.version, await self.stored(info), make
            )
        except errors.InvalidInput:
            return None

    @classmethod
    def from_record(cls, record: WorkflowSummary, values: LargeValueLoader | None = None) -> "Workflow":
        """The workflow as clients see it; `values` reads what the record has left out."""
        shown = cls(
            id=public_id(IdKind.WORKFLOW, record.id),
            name=record.name,
            status=record.status,
            version=record.version,
            labels=JSON(record.labels),
            created_at=record.created_at,
            updated_at=record.updated_at,
            uuid=record.id,
            definition_id=record.definition_id,
            known=record.document if isinstance(record, WorkflowRecord) else None,
        )
        if record.left_out and values is not None:
            values.fill(shown, record.left_out, _PARTS, record.id)
        return shown


_PARTS = {"labels": LargeField(ValueKind.WORKFLOW_LABELS)}


@strawberry.type(description="The result of checking a document that was not stored.")
class ValidationReport:
    """The result of checking a document."""

    valid: bool
    problems: list[Problem]
    graph: WorkflowGraph | None
    stages: list[list[str]] = strawberry.field(description="The order of execution: each inner list may run at once.")

    @classmethod
    def from_record(
        cls, checked: CheckedDocument, *, problems: Sequence[errors.Problem] | None = None
    ) -> "ValidationReport":
        """The report as clients see it; `problems` take the place of its own where their paths are the input's."""
        return cls(
            valid=checked.is_valid,
            problems=[Problem.from_record(each) for each in (checked.problems if problems is None else problems)],
            graph=None if checked.graph is None else WorkflowGraph.from_record(checked.graph),
            stages=[list(stage) for stage in checked.stages],
        )
