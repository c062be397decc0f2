"""The context of resolvers: the services, the limits, and the loaders that batch the reads of one operation."""

from asyncio import Timeout
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar, cast

from strawberry.types import Info as StrawberryInfo

from domain.access.model import ANYBODY, Principal
from domain.access.ports import ApiKeyStore, AuditLog
from domain.access.service import AccessService
from domain.circuit_breakers.ports import BreakerStore
from domain.circuit_breakers.service import BreakerService
from domain.executions.bulk.ports import BulkOperations
from domain.executions.bulk.service import BulkService
from domain.executions.control.service import ExecutionControl
from domain.executions.large_values import LargeValues
from domain.executions.ports import ExecutionQueries
from domain.executions.progress import ProgressFeed
from domain.executions.retries.service import ExecutionRetries
from domain.executions.service import ExecutionService
from domain.expressions.service import EvaluationService
from domain.kernel.clock import Clock
from domain.kernel.statuses import Role
from domain.metrics.service import MetricsService
from domain.sandbox.budget import NO_KEY, SandboxBudget, Trial
from domain.saved_views.service import SavedViewService
from domain.schedules.service import ScheduleService
from domain.secrets.service import SecretService
from domain.system.ports import HealthProbe, Installation
from domain.system.workers import WorkerRegistry, WorkQueue
from domain.transformation_rules.service import TransformationRuleService
from domain.webhooks.hook_mask import HookMask
from domain.webhooks.hook_tokens import HookAddresses
from domain.webhooks.ports import WebhookStore
from domain.webhooks.receiving import WebhookReceiving
from domain.webhooks.service import WebhookService
from domain.workflow_templates.service import WorkflowTemplateService
from domain.workflow_tests.service import WorkflowTestService
from domain.workflows.definitions.cache import DefinitionCache
from domain.workflows.ports import WorkflowStore
from domain.workflows.service import WorkflowService
from graphql_api.activity import ApiActivity
from graphql_api.budgets import RequestBudgets
from graphql_api.kit.answer_budget import AnswerBudget
from graphql_api.kit.large_values import LargeValueLoader
from graphql_api.kit.per_event import PerEvent
from graphql_api.kit.shared_answers import SharedAnswer
from graphql_api.kit.stream_position import StreamPosition

if TYPE_CHECKING:  # a context holds them, and does nothing with them
    from graphql_api.edge.asker import Asker
    from graphql_api.executions.origins import ExecutionOrigins
    from graphql_api.executions.recent_changes import RecentChanges
    from graphql_api.system.types import SystemHealth

Shared = TypeVar("Shared")


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiServices:
    """The services that the API calls: use cases where there are rules, ports where data is only read."""

    workflows: WorkflowService
    executions: ExecutionService
    control: ExecutionControl
    retries: ExecutionRetries
    bulk: BulkService
    bulk_operations: BulkOperations
    evaluation: EvaluationService
    workflow_tests: WorkflowTestService
    schedules: ScheduleService
    saved_views: SavedViewService
    rules: TransformationRuleService
    secrets: SecretService
    templates: WorkflowTemplateService
    workflow_store: WorkflowStore
    execution_queries: ExecutionQueries
    large_values: LargeValues
    feed: ProgressFeed
    registry: WorkerRegistry
    queue: WorkQueue
    health: HealthProbe
    definitions: DefinitionCache
    clock: Clock
    installation: Installation
    webhooks: WebhookService
    webhook_store: WebhookStore
    receiving: WebhookReceiving
    breakers: BreakerService
    breaker_store: BreakerStore
    access: AccessService
    keys: ApiKeyStore
    audit: AuditLog
    metrics: MetricsService
    activity: ApiActivity = field(default_factory=ApiActivity)


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiOptions(RequestBudgets):
    """The limits and switches of the API, its budgets among them. Sizes are in bytes.

    `allowed_origins`: foreign pages that may use /graphql. `allowed_hosts`: names beside the public URL's under which
    an API without keys answers. `is_reachable`: it listens on an address that others can reach. `trusted_proxies`:
    proxies whose headers about their clients are believed. `introspection` off also hides suggestions; it is no
    security boundary. `ready_needs_worker`: /readyz fails while no worker is alive. `worker_lease`: a worker that was
    silent for longer is dead. `clock_tolerance`: the most by which a machine's clock may be off. `public_url`: the
    address at which others reach this API, without a slash at the end.
    """

    version: str = "0.0.0"
    public_url: str = "http://127.0.0.1:8000"
    health_timeout: timedelta = timedelta(seconds=2)
    worker_lease: timedelta = timedelta(seconds=8)
    clock_tolerance: timedelta = timedelta(seconds=2)
    allowed_origins: tuple[str, ...] = ()
    allowed_hosts: tuple[str, ...] = ()
    trusted_proxies: tuple[str, ...] = ()
    is_reachable: bool = False
    introspection: bool = True
    console: bool = True
    graphiql: bool = True
    ready_needs_worker: bool = False


@dataclass(kw_only=True)
class Context:
    """The context of one operation. `connection_params` is what a WebSocket client sent with connection_init.

    `authorization` is the header of the request, or of the WebSocket's handshake; `principal` is that key's holder.
    `acknowledge` tells the server that the client of a WebSocket is let in; `asker` counts what it asks for.
    `is_of_request`: the context is that of an HTTP request, which has no other operation.
    `closes_with_key`: the connection is closed when its key ends, so its operations need not look.

    `deadline` is the timeout of a query or a mutation. `position` is that of the event stream, for resuming it.
    `hook_mask` masks addresses that the principal may not use.
    """

    services: ApiServices
    options: ApiOptions
    origins: "ExecutionOrigins"
    recent: "RecentChanges"
    health: "SharedAnswer[SystemHealth]"
    connection_params: Mapping[str, object] = field(default_factory=dict)
    authorization: str | None = None
    principal: Principal = ANYBODY
    acknowledge: Callable[[], None] = lambda: None
    position: StreamPosition = field(default_factory=StreamPosition)
    answer: AnswerBudget = field(init=False)
    asker: "Asker | None" = None
    hook_mask: HookMask | None = None
    closes_with_key: bool = False
    is_of_request: bool = False
    rows_left: int = 0
    deadline: Timeout | None = None
    _shared: dict[object, object] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self.rows_left = self.options.max_rows
        self.answer = AnswerBudget(values=self.options.max_answer_values, bytes=self.options.max_answer_bytes)

    @cached_property
    def trial(self) -> Trial:
        """The key on whose behalf expressions and schemas are tried, and the operation's budget for that."""
        options = self.options
        budget = SandboxBudget(
            calls=options.max_sandbox_calls, time=options.max_sandbox_time, evaluations=options.max_evaluations
        )
        return Trial(self.principal.key_id or NO_KEY, budget)

    @cached_property
    def large_values(self) -> LargeValueLoader:
        """The loader of large values, which rows leave out."""
        return LargeValueLoader(self.services.large_values, self.answer, self.options.max_answer_bytes)

    def shared(self, kind: Callable[["Context"], Shared]) -> Shared:
        """The object of this class that all resolvers of the operation share; made when it is first asked for."""
        found = self._shared.get(kind)
        if found is None:
            found = self._shared[kind] = kind(self)
        return cast("Shared", found)

    async def hook_addresses(self) -> HookAddresses:
        """The addresses of hooks, as others reach them."""
        return HookAddresses(await self.services.installation.key(), self.options.public_url)

    async def mask_hooks(self) -> None:
        """Mask the addresses of hooks in the answer, where the principal may neither send signals nor see addresses."""
        if not self.principal.role.covers(Role.OPERATOR):
            self.hook_mask = HookMask(await self.services.installation.key())

    def for_operation(self) -> "Context":
        """A context for the next operation on the same connection: loaders and budgets are never shared."""
        if self.is_of_request:
            return self
        return Context(
            services=self.services,
            options=self.options,
            origins=self.origins,
            recent=self.recent,
            health=self.health,
            connection_params=self.connection_params,
            authorization=self.authorization,
            principal=self.principal,
            position=self.position,
            asker=self.asker,
            closes_with_key=self.closes_with_key,
        )

    def spend_rows(self, count: int) -> None:
        """Take `count` list items from the operation's budget. Raises `LimitExceeded` when it is used up."""
        self.rows_left -= count
        if self.rows_left < 0:
            raise self.answer.exceeded(
                f"This operation asks for more than {self.options.max_rows:,} list items in all; ask for smaller pages."
            )

    def begin_event(self) -> None:
        """Give the next event of a subscription budgets of its own."""
        self.rows_left = self.options.max_rows
        self.answer.renew()
        for each in self._shared.values():
            if isinstance(each, PerEvent):
                each.forget()
        self.large_values.forget()

    def allow_waiting(self, length: timedelta | None) -> None:
        """Extend the deadline by `length`, because the client has asked to wait; None changes nothing."""
        ends_at = self.deadline.when() if self.deadline else None
        if length is not None and self.deadline is not None and ends_at is not None:
            self.deadline.reschedule(ends_at + length.total_seconds())


@dataclass(frozen=True, slots=True, kw_only=True)
class ContextFactory:
    """Makes the contexts of one process, which share `origins`, `recent` and `health`."""

    services: ApiServices
    options: ApiOptions
    origins: "ExecutionOrigins"
    recent: "RecentChanges"
    health: "SharedAnswer[SystemHealth]"

    def new(self, **given: Any) -> Context:
        """A context with these fields of its own."""
        return Context(
            services=self.services,
            options=self.options,
            origins=self.origins,
            recent=self.recent,
            health=self.health,
            **given,
        )


Info: TypeAlias = StrawberryInfo[Context, None]
"""The `info` that resolvers are given."""
