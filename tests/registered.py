"""Registered webhooks for the tests of workers that have none."""

from actors.webhooks.registered_webhooks import RegisteredWebhooks
from persistence.memory.tables import MemoryTables
from persistence.memory.webhooks.deliveries import MemoryWebhookDeliveries
from persistence.memory.webhooks.store import MemoryWebhookStore
from persistence.postgres.secrets.cipher import AesGcmCipher


def no_webhooks() -> RegisteredWebhooks:
    """The registered webhooks of WEBHOOK_CALL steps: none."""
    tables = MemoryTables()
    return RegisteredWebhooks(MemoryWebhookStore(tables), MemoryWebhookDeliveries(tables), AesGcmCipher([bytes(32)]))
