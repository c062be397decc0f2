"""Decryption of the secrets of a webhook."""

from collections.abc import Sequence
from datetime import datetime

from domain.kernel.errors import Undecipherable
from domain.secrets.ports import Cipher
from domain.webhooks.model import WebhookRecord, purpose_of


def opened_secrets(webhook: WebhookRecord, cipher: Cipher, now: datetime) -> Sequence[str]:
    """The secrets that are valid at this moment, the newest first. Raises `Undecipherable` where that one is lost."""
    newest, *older = webhook.sealed_secrets(now)
    purpose = purpose_of(webhook.id)
    secrets = [cipher.decrypt(newest, purpose=purpose).decode()]
    for sealed in older:
        try:
            secrets.append(cipher.decrypt(sealed, purpose=purpose).decode())
        except Undecipherable:
            continue  # what is on its way out must not keep the newest one from being used
    return secrets
