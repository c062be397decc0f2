"""What the rules need from the world: each port is a Protocol, its contract is the docstring.

Every implementation, in memory or real, passes the same suite in tests/contract/. All times are aware and in UTC.
A port raises `Unavailable` when what is behind it cannot be reached, never a driver's own error.
"""

from domain.ports.access import ApiKeyStore, AuditLog
from domain.ports.breakers import BreakerStore, CircuitBreakers, SharedBreakers
from domain.ports.executions import ExecutionQueries, ExecutionStore, Recovery
from domain.ports.large_values import LargeValues
from domain.ports.metrics import MetricsStore
from domain.ports.outbox import EventRelay
from domain.ports.progress import ChangeStream, ProgressFeed, ProgressPublisher
from domain.ports.rules import TransformationRuleStore, WorkflowTemplateStore
from domain.ports.schedules import ScheduleStore
from domain.ports.secrets import SecretStore
from domain.ports.system import Cipher, Clock, HealthProbe, Installation, Sandbox
from domain.ports.webhooks import WebhookDeliveries, WebhookStore
from domain.ports.workers import WorkerRegistry, WorkQueue
from domain.ports.workflows import WorkflowStore

__all__ = [
    "ApiKeyStore",
    "AuditLog",
    "BreakerStore",
    "ChangeStream",
    "Cipher",
    "CircuitBreakers",
    "Clock",
    "EventRelay",
    "ExecutionQueries",
    "ExecutionStore",
    "HealthProbe",
    "Installation",
    "LargeValues",
    "MetricsStore",
    "ProgressFeed",
    "ProgressPublisher",
    "Recovery",
    "Sandbox",
    "ScheduleStore",
    "SecretStore",
    "SharedBreakers",
    "TransformationRuleStore",
    "WebhookDeliveries",
    "WebhookStore",
    "WorkQueue",
    "WorkerRegistry",
    "WorkflowStore",
    "WorkflowTemplateStore",
]
