"""The schema: every type of every domain put together, and how Strawberry runs an operation on it."""

import asyncio
import time
from collections.abc import Iterable
from functools import cache
from typing import Any

import strawberry
from graphql import GraphQLError, GraphQLInputObjectType, get_operation_ast, specified_rules
from strawberry.exceptions import MissingQueryError
from strawberry.extensions.runner import SchemaExtensionsRunner
from strawberry.schema.config import StrawberryConfig
from strawberry.schema.name_converter import NameConverter
from strawberry.schema.schema_converter import GraphQLCoreConverter
from strawberry.tools import merge_types
from strawberry.types.execution import ExecutionContext, PreExecutionError
from strawberry.types.graphql import OperationType

from domain.kernel.errors import Unauthenticated, Unavailable
from graphql_api.access.mutations import AccessMutations
from graphql_api.access.queries import AccessQueries
from graphql_api.activity import count_subscriptions
from graphql_api.circuit_breakers.mutations import CircuitBreakerMutations
from graphql_api.circuit_breakers.queries import CircuitBreakerQueries
from graphql_api.circuit_breakers.subscriptions import CircuitBreakerSubscriptions
from graphql_api.context import ApiOptions, Context
from graphql_api.edge.counting import count_operation, limit_subscriptions
from graphql_api.edge.rates import RateExceeded
from graphql_api.executions.bulk import BulkMutations, BulkQueries
from graphql_api.executions.exports import ExportQueries
from graphql_api.executions.list_updates import ExecutionListSubscriptions
from graphql_api.executions.mutations import ExecutionMutations
from graphql_api.executions.queries import ExecutionQueries
from graphql_api.executions.retry_plans import RetryPlanQueries
from graphql_api.executions.subscriptions import ExecutionSubscriptions
from graphql_api.kit.errors import EXCEPTION_HANDLERS, USER_INPUT_CODE, drop_tracebacks, publish
from graphql_api.kit.scalars import SCALARS
from graphql_api.metrics.queries import MetricsQueries
from graphql_api.permissions import guard
from graphql_api.protocol.document_limits import OperationLimits
from graphql_api.protocol.event_plans import PlanningExecutor
from graphql_api.protocol.input_work import excess_of_input_work
from graphql_api.protocol.operations import DocumentCache
from graphql_api.protocol.variable_problems import add_problems
from graphql_api.saved_views.mutations import SavedViewMutations
from graphql_api.saved_views.queries import SavedViewQueries
from graphql_api.schedules.mutations import ScheduleMutations
from graphql_api.schedules.queries import ScheduleQueries
from graphql_api.secrets.mutations import SecretMutations
from graphql_api.secrets.queries import SecretQueries
from graphql_api.system.queries import SystemQueries
from graphql_api.transformation_rules.mutations import TransformationRuleMutations
from graphql_api.transformation_rules.queries import TransformationRuleQueries
from graphql_api.webhooks.mutations import WebhookMutations
from graphql_api.webhooks.queries import WebhookQueries
from graphql_api.workflow_templates.mutations import WorkflowTemplateMutations
from graphql_api.workflow_templates.queries import WorkflowTemplateQueries
from graphql_api.workflow_tests.queries import WorkflowTestQueries
from graphql_api.workflows.mutations import WorkflowMutations
from graphql_api.workflows.queries import WorkflowQueries

Query = merge_types(
    "Query",
    (
        SystemQueries,
        WorkflowQueries,
        WorkflowTestQueries,
        ExecutionQueries,
        RetryPlanQueries,
        ExportQueries,
        BulkQueries,
        ScheduleQueries,
        TransformationRuleQueries,
        SecretQueries,
        WorkflowTemplateQueries,
        WebhookQueries,
        CircuitBreakerQueries,
        MetricsQueries,
        AccessQueries,
        SavedViewQueries,
    ),
)
Mutation = merge_types(
    "Mutation",
    (
        WorkflowMutations,
        ExecutionMutations,
        BulkMutations,
        ScheduleMutations,
        TransformationRuleMutations,
        SecretMutations,
        WorkflowTemplateMutations,
        WebhookMutations,
        CircuitBreakerMutations,
        AccessMutations,
        SavedViewMutations,
    ),
)
Subscription = merge_types(
    "Subscription", (ExecutionSubscriptions, ExecutionListSubscriptions, CircuitBreakerSubscriptions)
)

_MAX_VARIABLE_ERRORS = 10
"""The most errors that are reported about variables: each takes milliseconds where the value is large."""


class _CachedNames(NameConverter):
    """Keeps the GraphQL names, which Strawberry asks for at every argument of every call."""

    def __init__(self) -> None:
        super().__init__()
        self._names: dict[str, str] = {}

    def apply_naming_config(self, name: str) -> str:
        """`after_sequence` as `afterSequence`."""
        converted = self._names.get(name)
        if converted is None:
            converted = self._names[name] = super().apply_naming_config(name)
        return converted


class StepgraphSchema(strawberry.Schema):
    """Strawberry's schema, with documents from a cache, a deadline for queries and mutations, and public errors.

    The overridden steps of an operation are Strawberry's own private ones, which is why its version is pinned: as
    extensions they would cost more than all else that a small query needs.
    """

    def __init__(self, options: ApiOptions, *, is_sorted: bool) -> None:
        super().__init__(
            query=Query,
            mutation=Mutation,
            subscription=Subscription,
            config=StrawberryConfig(
                scalar_map=SCALARS,
                name_converter=_CachedNames(),
                sort_schema=is_sorted,
                disable_field_suggestions=not options.introspection,
            ),
            exception_handlers=EXCEPTION_HANDLERS,
            execution_context_class=PlanningExecutor,
        )
        for type_ in self._schema.type_map.values():
            definition = type_.extensions.get(GraphQLCoreConverter.DEFINITION_BACKREF)
            if isinstance(type_, GraphQLInputObjectType) and definition is not None and definition.is_one_of:
                _check_natively(type_)
        guard(self._schema)
        limit_subscriptions(self._schema, options.max_subscriptions_per_key)
        count_subscriptions(self._schema)
        self._timeout = options.operation_timeout
        self._suggests = options.introspection
        self._max_input_work = options.max_input_work
        self.documents = DocumentCache(
            OperationLimits(
                document_bytes=options.max_query_bytes,
                tokens=options.max_tokens,
                fragments=options.max_fragments,
                depth=options.max_depth,
                fields=options.max_fields,
                aliases=options.max_aliases,
                variables=options.max_variables,
                directives=options.max_directives,
                literals=options.max_literals,
                work=options.max_validation_work,
            ),
            introspection=options.introspection,
        )

    def operation_type_of(self, query: str, operation_name: str | None) -> OperationType | None:
        """The type of the operation that a request asks for; None where it has none that could be run."""
        try:
            document = self.documents.prepare(query, self._schema, specified_rules).document
        except GraphQLError:
            return None
        operation = get_operation_ast(document, operation_name)
        return None if operation is None else OperationType(operation.operation.value)

    def _get_custom_context_kwargs(
        self, operation_extensions: dict[str, Any] | None = None, *, sync: bool = False
    ) -> dict[str, Any]:
        """Options for graphql-core, with a limit of the errors about variables, each of which quotes the value."""
        kwargs = super()._get_custom_context_kwargs(operation_extensions, sync=sync)
        return {**kwargs, "max_coercion_errors": _MAX_VARIABLE_ERRORS}

    def _create_execution_context(
        self,
        query: str | None,
        allowed_operation_types: Iterable[OperationType],
        variable_values: dict[str, Any] | None = None,
        context_value: Context | None = None,
        *args: Any,
        **kwargs: Any,
    ) -> ExecutionContext:
        """A context of its own for each operation, for a WebSocket has many of them."""
        own = None if context_value is None else context_value.for_operation()
        return super()._create_execution_context(query, allowed_operation_types, variable_values, own, *args, **kwargs)

    async def _prepare_operation_async(
        self, context: ExecutionContext, extensions_runner: SchemaExtensionsRunner
    ) -> PreExecutionError | None:
        """Parse, check the operation's type, and validate, all from the cache."""
        if not context.query:
            raise MissingQueryError
        try:
            prepared = self.documents.prepare(context.query, self._schema, context.validation_rules)
        except GraphQLError as error:
            return PreExecutionError(data=None, errors=[error])
        context.graphql_document = prepared.document
        problem = _problem_of_operation(context, prepared.operations)
        if problem is not None:
            return PreExecutionError(data=None, errors=[GraphQLError(problem, extensions={"code": USER_INPUT_CODE})])
        if prepared.errors:
            return PreExecutionError(data=None, errors=prepared.errors)
        excess = self._excess_of_variables(context)
        if excess is not None:
            return PreExecutionError(data=None, errors=[excess])
        try:
            count_operation(context.context, lambda: context.operation_type)
        except RateExceeded as error:
            extensions = {"code": error.code.value, "retryAfter": error.standing.reset}
            return PreExecutionError(data=None, errors=[GraphQLError(str(error), extensions=extensions)])
        problem_of_key = await _problem_of_key(context.context)
        if problem_of_key is None and context.context is not None:
            await context.context.mask_hooks()
        return problem_of_key

    def _excess_of_variables(self, context: ExecutionContext) -> GraphQLError | None:
        if not context.variables or context.graphql_document is None:
            return None
        operation = get_operation_ast(context.graphql_document, context._provided_operation_name)  # noqa: SLF001
        if operation is None:
            return None
        return excess_of_input_work(self._schema, operation, context.variables, self._max_input_work)

    async def _execute_operation(self, execution_context: ExecutionContext, *args: Any, **kwargs: Any) -> Any:
        """Execute a query or a mutation, within the time that one may take."""
        seconds = self._timeout.total_seconds()
        began, is_ok = time.perf_counter(), False
        try:
            async with asyncio.timeout(seconds) as deadline:
                execution_context.context.deadline = deadline
                result = await super()._execute_operation(execution_context, *args, **kwargs)
                answer = execution_context.context.answer
                if answer.is_exceeded:  # whatever was made of it is not worth sending
                    drop_tracebacks(getattr(result, "errors", None) or ())
                    raise answer.exceeded()
                is_ok = not getattr(result, "errors", None)
                return result
        except TimeoutError:
            raise Unavailable(
                f"The operation took longer than {seconds:g} seconds and was given up; what it changed may be stored."
            ) from None
        finally:
            execution_context.context.services.activity.ended(
                execution_context.operation_type.value, is_ok=is_ok, seconds=time.perf_counter() - began
            )

    def process_errors(self, errors: list[GraphQLError], execution_context: ExecutionContext | None = None) -> None:
        """Publish errors: every error of every answer comes through here, once, before it is shown."""
        if execution_context is not None:
            add_problems(errors, self._schema, execution_context.variables or {}, suggests=self._suggests)
        for error in errors:
            publish(error)
        drop_tracebacks(errors)


def _problem_of_operation(context: ExecutionContext, operations: int) -> str | None:
    """The reason why no operation of the document can be run here; None where one can."""
    name = context._provided_operation_name  # noqa: SLF001 - the public name is that of the first operation
    if name is None and operations != 1:  # Strawberry would run the first
        return "The document has no operation." if operations == 0 else "Say with operationName which operation to run."
    try:
        operation_type = context.operation_type
    except RuntimeError:
        return f"The document has no operation {name[:80]!r}." if name else "The document has no operation."
    if operation_type not in context.allowed_operations:
        return "A subscription needs a WebSocket, or Accept: text/event-stream."
    return None


async def _problem_of_key(context: Context | None) -> PreExecutionError | None:
    """The error of a principal whose key has ended, as a WebSocket may outlive its key; None for a valid one."""
    if context is None or context.principal.digest is None:
        return None
    try:
        await context.services.access.check(context.principal)
    except (Unauthenticated, Unavailable) as error:
        code = {"code": error.code.value}
        return PreExecutionError(data=None, errors=[GraphQLError(str(error), extensions=code)])
    return None


def _check_natively(one_of: GraphQLInputObjectType) -> None:
    """Let graphql-core check that one member is given: unlike Strawberry's own check it says where in a variable."""
    one_of.is_one_of = True
    one_of.out_type = GraphQLInputObjectType.out_type  # type: ignore[method-assign]


@cache
def build_schema(options: ApiOptions | None = None, *, is_sorted: bool = False) -> StepgraphSchema:
    """The schema with these limits, built once. Sorted, it is for printing: Strawberry cannot execute its unions."""
    return StepgraphSchema(options or ApiOptions(), is_sorted=is_sorted)
