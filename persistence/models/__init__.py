"""The tables, as Tortoise models: what migrations are made from, and what the quiet paths read and write through.

Tables are singular and snake_case, named like their models. Workers never come this way: what happens for every step
is SQL by hand in executions.py, queries.py and recovery.py. What the ORM cannot say (`COLLATE "C"`, partial and
expression indexes, fill factors, composite keys) is SQL in the migrations.
"""

from persistence.models.access import ApiKey, AuditEntry
from persistence.models.breakers import CircuitBreaker
from persistence.models.executions import (
    CarriedStep,
    ExecutionCommand,
    ExecutionFamily,
    StepExecution,
    WorkflowExecution,
)
from persistence.models.metrics import OrchestrationMetrics
from persistence.models.outbox import PendingEvent
from persistence.models.rules import TransformationRule, WorkflowTemplate
from persistence.models.schedules import Schedule
from persistence.models.secrets import Secret
from persistence.models.system import Installation, Leadership, WorkerProcess
from persistence.models.webhooks import Webhook, WebhookEvent
from persistence.models.workflows import Workflow, WorkflowVersion

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
