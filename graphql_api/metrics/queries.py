"""Queries about metrics."""

from datetime import datetime
from typing import Annotated

import strawberry

from domain.kernel.errors import NotFound
from domain.kernel.ids import IdKind
from domain.metrics.model import EVERYTHING
from graphql_api.context import Info
from graphql_api.kit.ids import read_id
from graphql_api.metrics.types import OrchestrationMetrics, load_metrics
from graphql_api.workflows.loaders import WorkflowLoaders


@strawberry.type
class MetricsQueries:
    """The part of Query that is about metrics."""

    @strawberry.field(
        description="Counts and durations of executions, those of one workflow or all; by default of the last 24 hours."
    )
    async def metrics(
        self,
        info: Info,
        workflow_id: strawberry.ID | None = strawberry.UNSET,
        from_: Annotated[datetime | None, strawberry.argument(name="from")] = strawberry.UNSET,
        to: datetime | None = strawberry.UNSET,
    ) -> OrchestrationMetrics:
        if workflow_id is None or workflow_id is strawberry.UNSET:
            return await load_metrics(info, EVERYTHING, from_, to)
        series = read_id(workflow_id, IdKind.WORKFLOW, "workflowId")
        if await info.context.shared(WorkflowLoaders).by_id.load(series) is None:
            raise NotFound("workflow", str(workflow_id))
        return await load_metrics(info, series, from_, to)
