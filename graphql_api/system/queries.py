"""Queries about the system itself, and `node`."""

import strawberry

from domain.ids import IdKind
from graphql_api.context import Info
from graphql_api.executions.steps import load_step
from graphql_api.executions.types import load_execution
from graphql_api.ids import Node, read_id, read_kind, read_step_execution_id
from graphql_api.json_input import json_value
from graphql_api.scalars import JSON, Expression
from graphql_api.system.health import read_health
from graphql_api.system.types import Evaluation, SystemHealth
from graphql_api.workflows.types import Workflow


@strawberry.type
class SystemQueries:
    """The part of Query that belongs to no domain."""

    @strawberry.field(description="Anything by its id; null where there is nothing with it.")
    async def node(self, info: Info, id: strawberry.ID) -> Node | None:
        match read_kind(id):
            case IdKind.WORKFLOW:
                workflow = await info.context.workflows.by_id.load(read_id(id, IdKind.WORKFLOW))
                return None if workflow is None else Workflow.from_record(workflow)
            case IdKind.EXECUTION:
                return await load_execution(info, read_id(id, IdKind.EXECUTION))
            case IdKind.STEP_EXECUTION:
                execution_id, path = read_step_execution_id(id)
                return await load_step(info, await info.context.executions.by_id.load(execution_id), path)
            case kind:
                read_id(id, kind)
                return None

    @strawberry.field(description="How the parts of the system are, right now.")
    async def health(self, info: Info) -> SystemHealth:
        services, options = info.context.services, info.context.options
        return await read_health(
            services.health, services.registry, services.queue, version=options.version, timeout=options.health_timeout
        )

    @strawberry.field(description="Try an expression on a context, exactly as a worker would.")
    async def evaluate(self, info: Info, expression: Expression, context: JSON) -> Evaluation:
        tried = await info.context.services.evaluation.evaluate(expression, json_value(context))
        return Evaluation(value=JSON(tried.value), error=tried.error, duration=tried.duration)
