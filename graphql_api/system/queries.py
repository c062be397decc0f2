"""Queries about the system itself, and `node`."""

from typing import assert_never

import strawberry

from domain.kernel.ids import IdKind
from domain.kernel.statuses import Role
from graphql_api.access.types import ApiKey, AuditEntry
from graphql_api.circuit_breakers.types import CircuitBreaker
from graphql_api.context import Info
from graphql_api.executions.bulk import load_operation
from graphql_api.executions.loaders import ExecutionLoaders
from graphql_api.executions.steps import load_step
from graphql_api.executions.types import load_execution
from graphql_api.kit.ids import (
    Node,
    read_id,
    read_kind,
    read_secret_id,
    read_step_execution_id,
    read_workflow_version_id,
)
from graphql_api.kit.json_input import json_value
from graphql_api.kit.scalars import JSON, Expression
from graphql_api.permissions import NODES, require
from graphql_api.saved_views.queries import load_view
from graphql_api.schedules.types import Schedule
from graphql_api.secrets.types import Secret
from graphql_api.system.health import live_workers
from graphql_api.system.types import Evaluation, SystemHealth, Worker
from graphql_api.transformation_rules.types import TransformationRule
from graphql_api.webhooks.loaders import WebhookLoaders
from graphql_api.webhooks.types import Webhook, WebhookEvent
from graphql_api.workflow_templates.types import WorkflowTemplate
from graphql_api.workflows.loaders import WorkflowLoaders
from graphql_api.workflows.types import Workflow, WorkflowVersion


@strawberry.type
class SystemQueries:
    """The part of Query that belongs to no domain."""

    @strawberry.field(description="The object with this id, of any type; null where there is none.")
    async def node(self, info: Info, id: strawberry.ID) -> Node | None:
        kind = read_kind(id)
        require(info.context, NODES.get(kind, Role.VIEWER), "node")
        values = info.context.large_values
        match kind:
            case IdKind.WORKFLOW:
                workflow = await info.context.shared(WorkflowLoaders).by_id.load(read_id(id, IdKind.WORKFLOW))
                return None if workflow is None else Workflow.from_record(workflow, values)
            case IdKind.EXECUTION:
                return await load_execution(info, read_id(id, IdKind.EXECUTION))
            case IdKind.STEP_EXECUTION:
                execution_id, path = read_step_execution_id(id)
                return await load_step(info, await info.context.shared(ExecutionLoaders).by_id.load(execution_id), path)
            case IdKind.TRANSFORMATION_RULE:
                rule = await info.context.services.rules.get(read_id(id, IdKind.TRANSFORMATION_RULE), lean=True)
                return None if rule is None else TransformationRule.from_record(rule, values)
            case IdKind.WORKFLOW_TEMPLATE:
                template = await info.context.services.templates.get(read_id(id, IdKind.WORKFLOW_TEMPLATE), lean=True)
                return None if template is None else WorkflowTemplate.from_record(template, values)
            case IdKind.SCHEDULE:
                schedule = await info.context.services.schedules.find(id=read_id(id, IdKind.SCHEDULE))
                return None if schedule is None else Schedule.from_record(schedule, values)
            case IdKind.WEBHOOK:
                webhook = await info.context.shared(WebhookLoaders).by_id.load(read_id(id, IdKind.WEBHOOK))
                return None if webhook is None else Webhook.from_record(webhook, values)
            case IdKind.WEBHOOK_EVENT:
                event = await info.context.shared(WebhookLoaders).events.load(read_id(id, IdKind.WEBHOOK_EVENT))
                return None if event is None else WebhookEvent.from_record(event, values)
            case IdKind.CIRCUIT_BREAKER:
                breaker = await info.context.services.breakers.get(read_id(id, IdKind.CIRCUIT_BREAKER))
                return None if breaker is None else CircuitBreaker.from_record(breaker)
            case IdKind.WORKFLOW_VERSION:
                workflow_id, number = read_workflow_version_id(id)
                version = await info.context.services.workflow_store.version_summary(workflow_id, number)
                return None if version is None else WorkflowVersion.from_record(version)
            case IdKind.SECRET:
                secret = await info.context.services.secrets.find(read_secret_id(id))
                return None if secret is None else Secret.from_record(secret)
            case IdKind.API_KEY:
                key = await info.context.services.keys.get(read_id(id, IdKind.API_KEY))
                return None if key is None else ApiKey.from_record(key)
            case IdKind.AUDIT_ENTRY:
                entry = await info.context.services.audit.get(read_id(id, IdKind.AUDIT_ENTRY))
                return None if entry is None else AuditEntry.from_record(entry)
            case IdKind.SAVED_VIEW:
                return await load_view(info, id)
            case IdKind.BULK_OPERATION:
                return await load_operation(info, read_id(id, IdKind.BULK_OPERATION))
            case IdKind.WORKER:
                worker_id = read_id(id, IdKind.WORKER)
                workers = await live_workers(info.context.services, info.context.options)
                return next((Worker.from_record(each) for each in workers if each.id == worker_id), None)
            case _:
                assert_never(kind)

    @strawberry.field(description="The health of the parts of the system, at most a second old.")
    async def health(self, info: Info) -> SystemHealth:
        return await info.context.health()

    @strawberry.field(description="Try an expression on a context, exactly as a worker would.")
    async def evaluate(self, info: Info, expression: Expression, context: JSON) -> Evaluation:
        tried = await info.context.services.evaluation.evaluate(expression, json_value(context), info.context.trial)
        return Evaluation(value=JSON(tried.value), error=tried.error, duration=tried.duration)
