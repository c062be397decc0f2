"""Plans of retries: what retryExecution would keep and what it would run, told without doing it."""

from collections import Counter
from collections.abc import Mapping
from typing import Annotated, TypeAlias

import strawberry

from domain.executions.retries import planned_steps as planning
from domain.executions.retries import service
from domain.executions.retries.planned_steps import RetryAction, RetryReason
from domain.kernel.ids import IdKind
from domain.kernel.pages import Page
from graphql_api.context import Info
from graphql_api.executions.inputs import RetryExecutionInput
from graphql_api.executions.steps import LARGEST_STEP_PAGE
from graphql_api.kit.enums import StepStatus, StepType, step_type
from graphql_api.kit.errors import InvalidStateError, NotFoundError, ValidationError
from graphql_api.kit.ids import read_id
from graphql_api.kit.pagination import BY_PLACE, Connection, connection, page_size

strawberry.enum(
    RetryAction,
    description="What a retry does with a step. KEEP: its outcome stays as it is. CONTINUE: a container is open again, "
    "and goes on with what is not done in it. RUN: it runs, from its beginning. DROP: it has no part in the retry.",
)
strawberry.enum(
    RetryReason,
    description="The reason for what a retry does with a step. COMPLETED, SKIPPED: its outcome is kept. TOLERATED: it "
    "did not complete, and what is around it went on all the same. HANDLER_CONTINUES: it stays failed, for its handler "
    "has acted and goes on. CONTENT_CONTINUES: a part of what is in it is kept. NOT_COMPLETED, NOT_REACHED: it was not "
    "done. FROM_STEP: fromStep names it or something in it. DEPENDENCY: something that it depends on is not kept. "
    "CONTAINER: what it is in begins anew, so it runs if it is reached. INPUT: the input is another. HANDLER: it "
    "belongs to the handling of a failure, and runs only when there is another. VERSION: the version has no such step.",
)


@strawberry.type(description="A step of the execution, and what its retry would do with it.")
class PlannedStep:
    """A step, and what a retry would do with it."""

    path: str
    step_id: str
    type: StepType
    status: StepStatus = strawberry.field(description="Its status in the execution; PENDING where it was not reached.")
    action: RetryAction
    reason: RetryReason
    detail: str | None = strawberry.field(
        description="The paths of the steps that are not kept and that it depends on, or of the container that begins "
        "anew."
    )
    repeats: bool = strawberry.field(
        description="It has called others or started an execution, or may have, and does so again under another "
        "Idempotency-Key: what it does may be done twice."
    )
    rests_on_old_input: bool = strawberry.field(
        description="It is kept, and its outcome may follow from the input that is replaced."
    )

    @classmethod
    def from_record(cls, step: planning.PlannedStep) -> "PlannedStep":
        """The step of a plan as clients see it."""
        return cls(
            path=step.path,
            step_id=step.step_id,
            type=step_type(step.type),
            status=step.status,
            action=step.action,
            reason=step.reason,
            detail=step.detail,
            repeats=step.repeats,
            rests_on_old_input=step.rests_on_old_input,
        )


@strawberry.type(description="What retryExecution would do with the same arguments. The numbers count steps.")
class RetryPlan:
    """The plan of a retry."""

    workflow_version: int | None = strawberry.field(
        description="The version that the retry would have; null for an orchestration."
    )
    kept: int
    continued: int
    run: int = strawberry.field(
        description="Those that run as far as is known; items of loops that had not begun are not counted."
    )
    dropped: int
    repeated: int = strawberry.field(description="Those of the steps that run whose calls may be made twice.")
    resting_on_old_input: int = strawberry.field(
        description="Those that are kept although their outcome may follow from the input that is replaced."
    )
    record: strawberry.Private[service.RetryPlan]

    @strawberry.field(
        description="The steps that were reached, and those that are known to run, in the order of the document."
    )
    def steps(
        self,
        info: Info,
        action: list[RetryAction] | None = strawberry.UNSET,
        first: int | None = 100,
        after: str | None = strawberry.UNSET,
    ) -> Connection[PlannedStep]:
        size, place = page_size(first, default=100, largest=LARGEST_STEP_PAGE), BY_PLACE.read(after) or 0
        info.context.spend_rows(size)
        wanted = [
            (number, step)
            for number, step in enumerate(self.record.steps, start=1)
            if not action or step.action in action
        ]
        rest = [each for each in wanted if each[0] > place]

        async def count() -> int:
            return len(wanted)

        return connection(
            Page(rows=tuple(rest[:size]), has_next=len(rest) > size),
            item=lambda each: PlannedStep.from_record(each[1]),
            key=lambda each: each[0],
            cursors=BY_PLACE,
            is_first=place == 0,
            count=count,
        )

    @classmethod
    def from_record(cls, plan: service.RetryPlan) -> "RetryPlan":
        """The plan as clients see it."""
        actions: Mapping[RetryAction, int] = Counter(step.action for step in plan.steps)
        return cls(
            workflow_version=plan.version,
            kept=actions[RetryAction.KEEP],
            continued=actions[RetryAction.CONTINUE],
            run=actions[RetryAction.RUN],
            dropped=actions[RetryAction.DROP],
            repeated=sum(step.repeats for step in plan.steps),
            resting_on_old_input=sum(step.rests_on_old_input for step in plan.steps),
            record=plan,
        )


RetryPlanResult: TypeAlias = Annotated[
    RetryPlan | NotFoundError | ValidationError | InvalidStateError,
    strawberry.union("RetryPlanResult", description="The plan of a retry, or why there could be none."),
]


@strawberry.type
class RetryPlanQueries:
    """The part of Query that is about plans of retries."""

    @strawberry.field(
        description="What retryExecution would do with the same arguments, step by step: what it would keep, what it "
        "would run, and why. Nothing is changed. Of executions with at most 20,000 steps."
    )
    async def plan_retry(
        self, info: Info, execution_id: strawberry.ID, input: RetryExecutionInput | None = strawberry.UNSET
    ) -> RetryPlanResult:
        request = RetryExecutionInput.to_request(input)
        plan = await info.context.services.retries.plan(read_id(execution_id, IdKind.EXECUTION, "executionId"), request)
        return RetryPlan.from_record(plan)
