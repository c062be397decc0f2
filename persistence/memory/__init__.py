"""In-memory twins of every port, for tests: the same contract, nothing outside the process."""

from persistence.memory.access import MemoryApiKeyStore, MemoryAuditLog
from persistence.memory.circuit_breakers import MemoryBreakerStore, MemorySharedBreakers
from persistence.memory.executions.bulk import MemoryBulkOperations
from persistence.memory.executions.queries import MemoryExecutionQueries
from persistence.memory.executions.recovery import MemoryRecovery, MemoryWorkerRegistry
from persistence.memory.executions.store import MemoryExecutionStore
from persistence.memory.large_values import MemoryLargeValues
from persistence.memory.metrics import MemoryMetricsStore
from persistence.memory.outbox import MemoryEventRelay
from persistence.memory.progress import MemoryProgress
from persistence.memory.saved_views import MemorySavedViewStore
from persistence.memory.schedules import MemoryScheduleStore
from persistence.memory.secrets import MemorySecretStore
from persistence.memory.system.health import MemoryHealthProbe
from persistence.memory.system.installation import MemoryInstallation
from persistence.memory.tables import MemoryTables
from persistence.memory.transformation_rules import MemoryTransformationRuleStore, MemoryWorkflowTemplateStore
from persistence.memory.webhooks.deliveries import MemoryWebhookDeliveries
from persistence.memory.webhooks.store import MemoryWebhookStore
from persistence.memory.work_queue import MemoryWorkQueue
from persistence.memory.workflows import MemoryWorkflowStore

__all__ = ["MemoryStorage"]


class MemoryStorage:
    """Every port over one set of tables. `feed` and `publisher` are one object: what is published is heard at once."""

    def __init__(self) -> None:
        self.tables = MemoryTables()
        self.feed = self.publisher = MemoryProgress()
        self.workflows = MemoryWorkflowStore(self.tables)
        self.schedules = MemoryScheduleStore(self.tables)
        self.rules = MemoryTransformationRuleStore(self.tables)
        self.templates = MemoryWorkflowTemplateStore(self.tables)
        self.saved_views = MemorySavedViewStore()
        self.secrets = MemorySecretStore(self.tables)
        self.executions = MemoryExecutionStore(self.tables, self.publisher)
        self.queries = MemoryExecutionQueries(self.tables)
        self.bulk_operations = MemoryBulkOperations(self.tables)
        self.large_values = MemoryLargeValues(self.tables)
        self.recovery = MemoryRecovery(self.tables)
        self.registry = MemoryWorkerRegistry(self.tables)
        self.queue = MemoryWorkQueue()
        self.health = MemoryHealthProbe(self.tables)
        self.installation = MemoryInstallation()
        self.keys = MemoryApiKeyStore()
        self.breakers = MemoryBreakerStore(self.tables)
        self.shared_breakers = MemorySharedBreakers()
        self.audit = MemoryAuditLog()
        self.metrics = MemoryMetricsStore(self.tables)
        self.relay = MemoryEventRelay(self.tables)
        self.webhooks = MemoryWebhookStore(self.tables)
        self.deliveries = MemoryWebhookDeliveries(self.tables)
