"""Registered webhooks for the tests of workers that have none."""

from actors.steps.registered_webhooks import RegisteredWebhooks
from persistence.cipher import AesGcmCipher
from persistence.memory.tables import MemoryTables
from persistence.memory.webhook_deliveries import MemoryWebhookDeliveries
from persistence.memory.webhooks import MemoryWebhookStore


def no_webhooks() -> RegisteredWebhooks:
    """What WEBHOOK_CALL steps are given where nothing is registered."""
    tables = MemoryTables()
    return RegisteredWebhooks(MemoryWebhookStore(tables), MemoryWebhookDeliveries(tables), AesGcmCipher([bytes(32)]))
