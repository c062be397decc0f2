"""The tables, as Tortoise models: what migrations are made from, and what the quiet paths read and write through.

Tables are singular and snake_case, named like their models. Workers never come this way: what happens for every step
is SQL by hand in executions.py, queries.py and recovery.py. What the ORM cannot say (`COLLATE "C"`, partial and
expression indexes, fill factors, composite keys) is SQL in the migrations.
"""

from persistence.postgres.models.access import ApiKey, AuditEntry
from persistence.postgres.models.circuit_breakers import CircuitBreaker
from persistence.postgres.models.executions import (
    CarriedStep,
    ExecutionCommand,
    ExecutionFamily,
    StepExecution,
    WorkflowExecution,
)
from persistence.postgres.models.metrics import OrchestrationMetrics
from persistence.postgres.models.outbox import PendingEvent
from persistence.postgres.models.schedules import Schedule
from persistence.postgres.models.secrets import Secret
from persistence.postgres.models.system import Installation, Leadership, WorkerProcess
from persistence.postgres.models.transformation_rules import TransformationRule, WorkflowTemplate
from persistence.postgres.models.webhooks import Webhook, WebhookEvent
from persistence.postgres.models.workflows import Workflow, WorkflowVersion

__all__ = [
    "ApiKey",
    "AuditEntry",
    "CarriedStep",
    "CircuitBreaker",
    "ExecutionCommand",
    "ExecutionFamily",
    "Installation",
    "Leadership",
    "OrchestrationMetrics",
    "PendingEvent",
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
