"""GraphQL inputs of executions, and the requests to services that they become."""

from datetime import datetime, timedelta
from uuid import UUID

import strawberry

from domain.executions import lists, records
from domain.executions.lists import words_of
from domain.executions.retries.service import RetryRequest
from domain.executions.service import ExecuteRequest, OrchestrateRequest
from domain.kernel.changes import UNSET
from domain.kernel.errors import InvalidInput, Problem
from domain.kernel.ids import IdKind
from graphql_api.kit.changes import member
from graphql_api.kit.enums import ExecutionStatus, OrderBy, StepStatus, StepType, TriggerKind, WaitKind
from graphql_api.kit.ids import read_id, read_prefix
from graphql_api.kit.json_input import json_value, labels_filter
from graphql_api.kit.scalars import JSON, Expression
from graphql_api.workflows.documents import RawInput, TypedDocument, arrives_raw
from graphql_api.workflows.step_inputs.descriptions import OUTPUT
from graphql_api.workflows.step_inputs.step import StepInput


@strawberry.input(description="A filter of executions by what they wait for: every given part must match.")
class WaitReasonFilter:
    """A filter of executions by what they wait for."""

    kind: WaitKind | None
    service: str | None = strawberry.field(description="The id of the service whose circuit breaker is waited for.")


@strawberry.input(name="ExecutionFilter", description="A filter of executions: every given part must match.")
class ExecutionFilter:
    """A filter of the executions that a list or a subscription shows."""

    workflow_id: strawberry.ID | None
    workflow_name: str | None
    status: list[ExecutionStatus] | None
    labels: JSON | None = strawberry.field(description="An object: executions that have at least these labels.")
    created_after: datetime | None
    created_before: datetime | None
    ended_after: datetime | None
    ended_before: datetime | None
    id_prefix: str | None = strawberry.field(description="The first characters of an id, such as `ex_01kaz1`.")
    idempotency_key: str | None
    label_text: str | None = strawberry.field(
        description="Words: executions with labels in whose names or values each of these begins a word, in any case."
    )
    error_code: str | None = strawberry.field(description="The code of the execution's error, such as `TIMEOUT`.")
    failed_step: str | None = strawberry.field(
        description="The path of the step that the execution's error came from, such as `loop[3].fetch`."
    )
    waiting_for: WaitReasonFilter | None
    longer_than: timedelta | None = strawberry.field(
        description="A duration: executions that have ended and took longer."
    )
    trigger: TriggerKind | None
    trigger_id: strawberry.ID | None = strawberry.field(
        description="The id of what has started it: a schedule, a webhook, a parent, or the execution that was retried."
    )

    @staticmethod
    def to_record(given: "ExecutionFilter | None") -> records.ExecutionFilter:
        """The filter that the ports take. Raises `InvalidInput`."""
        if not given:
            return records.ExecutionFilter()
        workflow_id = given.workflow_id
        return records.ExecutionFilter(
            workflow_id=None if workflow_id is None else read_id(workflow_id, IdKind.WORKFLOW, "filter", "workflowId"),
            workflow_name=given.workflow_name,
            statuses=None if given.status is None else frozenset(given.status),
            labels=labels_filter(given.labels),
            created_after=given.created_after,
            created_before=given.created_before,
            ended_after=given.ended_after,
            ended_before=given.ended_before,
            ids=None
            if given.id_prefix is None
            else read_prefix(given.id_prefix, IdKind.EXECUTION, "filter", "idPrefix"),
            idempotency_key=given.idempotency_key,
            label_text=_words(given.label_text),
            error_code=given.error_code,
            failed_step=given.failed_step,
            waiting_kind=None if given.waiting_for is None else given.waiting_for.kind,
            waiting_service=None if given.waiting_for is None else given.waiting_for.service,
            longer_than=given.longer_than,
            trigger=given.trigger,
            trigger_id=None if given.trigger_id is None else _trigger_id(given.trigger_id),
        )


def _words(text: str | None) -> str | None:
    if text is not None and not words_of(text):
        message = "A text to look for in labels needs a letter or a digit."
        raise InvalidInput([Problem(path=("filter", "labelText"), message=message)])
    return text


def _trigger_id(text: str) -> UUID:
    kind = next((kind for kind in TRIGGERS if text.startswith(f"{kind.value}_")), IdKind.EXECUTION)
    return read_id(text, kind, "filter", "triggerId")


TRIGGERS = (IdKind.SCHEDULE, IdKind.WEBHOOK, IdKind.EXECUTION)
"""The kinds of what starts executions and has an id."""


@strawberry.input(description="The order of a list of executions.")
class ExecutionOrder:
    """The order of a list of executions."""

    by: OrderBy = OrderBy.CREATED
    ascending: bool = strawberry.field(
        default=False, description="The oldest or shortest first, and not the newest or longest."
    )

    @staticmethod
    def to_record(given: "ExecutionOrder | None") -> lists.ExecutionOrder:
        """The order that the ports take."""
        return lists.ExecutionOrder(by=given.by, ascending=given.ascending) if given else lists.NEWEST_FIRST


@strawberry.input(name="StepExecutionFilter", description="A filter of step executions: every given part must match.")
class StepExecutionFilter:
    """A filter of the step executions that are shown of an execution."""

    status: list[StepStatus] | None
    type: list[StepType] | None
    path_prefix: str | None

    @staticmethod
    def to_record(given: "StepExecutionFilter | None") -> records.StepFilter:
        """The filter that the ports take."""
        if not given:
            return records.StepFilter()
        return records.StepFilter(
            statuses=None if given.status is None else frozenset(given.status),
            types=None if given.type is None else frozenset(given.type),
            path_prefix=given.path_prefix,
        )


@arrives_raw
@strawberry.input(description="Start a workflow, named by its id or by its name.")
class ExecuteWorkflowInput(RawInput):
    """Start a workflow. It arrives raw because a request may have a thousand of them."""

    workflow_id: strawberry.ID | None
    workflow_name: str | None
    version: int | None = strawberry.field(description="By default the newest.")
    input: JSON | None
    labels: JSON | None
    priority: int = 0
    idempotency_key: str | None = strawberry.field(
        description="A second start of the same workflow with the same key answers with the first execution."
    )
    start_at: datetime | None
    wait_for: timedelta | None = strawberry.field(
        description="Answer when the execution has ended, or after this time with the execution as it is then.",
    )

    def to_request(self) -> ExecuteRequest:
        """The request that the service takes. Raises `InvalidInput` for a malformed id."""
        given = self.given
        workflow_id = given.get("workflowId")
        return ExecuteRequest(
            workflow_id=None if workflow_id is None else read_id(workflow_id, IdKind.WORKFLOW, "workflowId"),
            workflow_name=given.get("workflowName"),
            version=given.get("version"),
            input=given.get("input"),
            labels=given.get("labels"),
            priority=given["priority"],
            idempotency_key=given.get("idempotencyKey"),
            start_at=given.get("startAt"),
            wait_for=given.get("waitFor"),
        )


@arrives_raw
@strawberry.input(description="Run steps once, without storing a workflow.")
class OrchestrateInput(TypedDocument):
    """Run steps once."""

    steps: list[StepInput]
    input: JSON | None
    variables: JSON | None
    output: Expression | None = strawberry.field(description=OUTPUT)
    timeout: timedelta | None
    labels: JSON | None
    idempotency_key: str | None
    wait_for: timedelta | None

    def to_request(self) -> OrchestrateRequest:
        """The request that the service takes."""
        return OrchestrateRequest(
            document=self.members(without=("input", "labels", "idempotencyKey", "waitFor")),
            input=self.given.get("input"),
            labels=self.given.get("labels"),
            idempotency_key=self.given.get("idempotencyKey"),
            wait_for=self.given.get("waitFor"),
        )


@strawberry.input(description="Options of a retry of an execution.")
class RetryExecutionInput:
    """Options of a retry of an execution."""

    from_step: str | None = strawberry.field(
        description="The path of a step to begin with. By default every completed step and item is kept, and the rest "
        "runs again."
    )
    latest_version: bool = strawberry.field(
        default=False, description="Use the workflow's newest version instead of the one that failed."
    )
    input: JSON | None = strawberry.field(
        default=strawberry.UNSET,
        description="The input in place of the one it had; null is one, too. Nothing is kept then but what fromStep "
        "asks for, every call has a new Idempotency-Key, and what has COMPLETED can be run again. Not for "
        "retryExecutions.",
    )

    @staticmethod
    def to_request(given: "RetryExecutionInput | None") -> RetryRequest:
        """The request that the service takes."""
        if not given:
            return RetryRequest()
        value = member(given.input)
        return RetryRequest(
            from_step=given.from_step,
            latest_version=given.latest_version,
            input=value if value is UNSET else json_value(value),
        )
