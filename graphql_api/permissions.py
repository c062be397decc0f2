"""The roles that fields need, and the entry of the audit that every mutation leaves.

Every key may read and subscribe. Fields that need more are in these tables; a mutation that is not in them needs
ADMIN.
"""

from collections.abc import AsyncIterator, Callable, Mapping
from inspect import isawaitable
from typing import Any

from graphql import GraphQLObjectType, GraphQLResolveInfo, GraphQLSchema

from domain.access.model import ANYBODY, AuditEntry
from domain.kernel.errors import Forbidden, StepgraphError
from domain.kernel.ids import IdKind
from domain.kernel.statuses import Role
from graphql_api.context import Context
from graphql_api.key_watch import until_key_ends

_VIEWING = "createSavedView updateSavedView deleteSavedView"  # one's own; the service knows what more needs
_OPERATING = """
executeWorkflow executeWorkflows cancelExecution pauseExecution resumeExecution retryExecution signalExecution
cancelExecutions retryExecutions bulkCancelExecutions bulkPauseExecutions bulkResumeExecutions bulkSignalExecutions
bulkRetryExecutions stopBulkOperation resetCircuitBreaker replayWebhookEvent
"""
_EDITING = """
createWorkflow updateWorkflow applyWorkflow deleteWorkflow orchestrate deleteExecution bulkDeleteExecutions
updateCircuitBreaker
deleteCircuitBreaker createWebhook updateWebhook rotateWebhookSecret deleteWebhook saveTransformationRule
deleteTransformationRule saveWorkflowTemplate deleteWorkflowTemplate instantiateTemplate saveSchedule deleteSchedule
"""
_ADMINISTERING = "createApiKey revokeApiKey setSecret deleteSecret"

MUTATIONS: Mapping[str, Role] = {
    **dict.fromkeys(_VIEWING.split(), Role.VIEWER),
    **dict.fromkeys(_OPERATING.split(), Role.OPERATOR),
    **dict.fromkeys(_EDITING.split(), Role.EDITOR),
    **dict.fromkeys(_ADMINISTERING.split(), Role.ADMIN),
}
READING: Mapping[tuple[str, str], Role] = {
    ("Query", "apiKeys"): Role.ADMIN,
    ("Query", "auditEntries"): Role.ADMIN,
    ("Query", "secret"): Role.EDITOR,
    ("Query", "secrets"): Role.EDITOR,
    ("Query", "testWorkflow"): Role.EDITOR,  # who may `orchestrate`: it costs as much as running the steps
    ("WorkflowExecution", "signalUrl"): Role.OPERATOR,  # whoever has it may send signals, with no key at all
    ("Webhook", "url"): Role.OPERATOR,  # whoever has it may start an execution, where nothing is signed
}
"""Fields that need more than VIEWER to be read: (type, field)."""

NODES: Mapping[IdKind, Role] = {
    IdKind.API_KEY: Role.ADMIN,
    IdKind.AUDIT_ENTRY: Role.ADMIN,
    IdKind.SECRET: Role.EDITOR,
}
"""Kinds of objects that need more than VIEWER to be fetched by id: the role that their list needs."""

_FIELDS: Mapping[tuple[str, str], Role] = {**{("Mutation", name): role for name, role in MUTATIONS.items()}, **READING}

_TARGETS = ("id", "name", "serviceId", "service_id", "workflowName", "workflow_name", "workflowId", "workflow_id")
_LONGEST_TARGET = 200

Resolver = Callable[..., Any]


def guard(schema: GraphQLSchema) -> None:
    """Make every field of a schema ask for the role that it needs, and every mutation leave its entry."""
    if schema.mutation_type is not None:
        for name, field in schema.mutation_type.fields.items():
            if field.resolve is not None:
                field.resolve = _audited(name, field.resolve, MUTATIONS.get(name, Role.ADMIN))
    for (type_name, name), role in READING.items():
        type_ = schema.type_map.get(type_name)
        if isinstance(type_, GraphQLObjectType) and name in type_.fields:
            resolve = type_.fields[name].resolve
            if resolve is not None:
                type_.fields[name].resolve = _guarded(name, resolve, role)
    if schema.subscription_type is not None:
        for field in schema.subscription_type.fields.values():
            if field.subscribe is not None:
                field.subscribe = _ended_with_key(field.subscribe)


def require(context: Context, role: Role, what: str) -> None:
    """Raise `Forbidden` where the principal lacks this role; `what` is the start of the message."""
    principal = context.principal
    if not principal.role.covers(role):
        raise Forbidden(
            f"{what} needs the role {role.value}, and the key {principal.name!r} has {principal.role.value}."
        )


def denied_fields(role: Role) -> list[str]:
    """The fields that this role may not use, as schema coordinates such as `Mutation.createApiKey`, sorted."""
    return sorted(f"{type_name}.{name}" for (type_name, name), needed in _FIELDS.items() if not role.covers(needed))


def _guarded(name: str, resolve: Resolver, role: Role) -> Resolver:
    def resolved(source: Any, info: GraphQLResolveInfo[Context], **arguments: Any) -> Any:
        require(info.context, role, name)
        return resolve(source, info, **arguments)

    return resolved


def _audited(name: str, resolve: Resolver, role: Role) -> Resolver:
    async def resolved(source: Any, info: GraphQLResolveInfo[Context], **arguments: Any) -> Any:
        context: Context = info.context
        outcome = "INTERNAL"
        try:
            require(context, role, name)
            answer = resolve(source, info, **arguments)
            if isawaitable(answer):
                answer = await answer
            outcome = f"[{len(answer)}]" if isinstance(answer, list) else type(answer).__name__
        except StepgraphError as error:
            outcome = error.code.value
            raise
        else:
            return answer
        finally:
            _record(context, name, arguments, outcome)

    return resolved


def _record(context: Context, name: str, arguments: Mapping[str, Any], outcome: str) -> None:
    services, principal = context.services, context.principal
    services.audit.add(
        AuditEntry(
            id=services.clock.new_id(),
            at=services.clock.now(),
            principal=principal.name,
            key_id=principal.key_id,
            action=name,
            target=_target(arguments),
            outcome=outcome,
        )
    )


def _target(arguments: Mapping[str, Any]) -> str | None:
    """The id or the name among the arguments, or in the one input or document. Nothing else of them is kept."""
    for value in (arguments, arguments.get("input"), arguments.get("document")):
        for member in _TARGETS:
            found = value.get(member) if isinstance(value, Mapping) else getattr(value, member, None)
            if isinstance(found, str):
                return found[:_LONGEST_TARGET]
    return None


def _ended_with_key(subscribe: Resolver) -> Resolver:
    async def subscribed(source: Any, info: GraphQLResolveInfo[Context], **arguments: Any) -> AsyncIterator[Any]:
        stream = subscribe(source, info, **arguments)
        if isawaitable(stream):
            stream = await stream
        context: Context = info.context
        if context.principal is ANYBODY or context.closes_with_key:
            events: AsyncIterator[Any] = stream
            return events
        return until_key_ends(stream, context)

    return subscribed
