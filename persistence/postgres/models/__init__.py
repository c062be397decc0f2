"""The tables, as Tortoise models: the source of migrations, and the way by which the quiet paths read and write.

Tables are singular and snake_case, named like their models. Workers never come this way: statements that run for every
step are hand-written SQL in persistence/postgres/executions. Whatever the ORM cannot express (`COLLATE "C"`, partial
and expression indexes, fill factors, composite keys) is SQL in the migrations.
"""

from persistence.postgres.models.access import ApiKey, AuditEntry
from persistence.postgres.models.circuit_breakers import CircuitBreaker
from persistence.postgres.models.executions import (
    BulkOperation,
    CarriedStep,
    ExecutionCommand,
    ExecutionFamily,
    StepExecution,
    WorkflowExecution,
)
from persistence.postgres.models.metrics import OrchestrationMetrics
from persistence.postgres.models.outbox import PendingEvent
from persistence.postgres.models.saved_views import SavedView
from persistence.postgres.models.schedules import Schedule
from persistence.postgres.models.secrets import Secret
from persistence.postgres.models.system import Installation, Leadership, WorkerProcess
from persistence.postgres.models.transformation_rules import TransformationRule, WorkflowTemplate
from persistence.postgres.models.webhooks import Webhook, WebhookEvent
from persistence.postgres.models.workflows import Workflow, WorkflowVersion

__all__ = [
    "ApiKey",
    "AuditEntry",
    "BulkOperation",
    "CarriedStep",
    "CircuitBreaker",
    "ExecutionCommand",
    "ExecutionFamily",
    "Installation",
    "Leadership",
    "OrchestrationMetrics",
    "PendingEvent",
    "SavedView",
    "Schedule",
    "Secret",
    "StepExecution",
    "TransformationRule",
    "Webhook",
    "WebhookEvent",
    "WorkerProcess",
    "Workflow",
    "WorkflowExecution",
    "WorkflowTemplate",
    "WorkflowVersion",
]
