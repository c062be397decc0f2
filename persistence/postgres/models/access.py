"""The tables of API keys and of the audit."""

from tortoise import fields
from tortoise.models import Model

from domain.kernel.statuses import Role


class ApiKey(Model):
    """A key to the API: the hash of its token, and never the token."""

    id = fields.UUIDField(primary_key=True)
    name = fields.TextField()
    role = fields.CharEnumField(Role, max_length=16, description="")
    prefix = fields.TextField()
    digest = fields.BinaryField()
    created_at = fields.DatetimeField()
    expires_at = fields.DatetimeField(null=True)
    last_used_at = fields.DatetimeField(null=True)

    class Meta:
        table = "api_key"
        table_description = "a key to the API"


class AuditEntry(Model):
    """A mutation that somebody has asked for, and its outcome."""

    id = fields.UUIDField(primary_key=True)
    at = fields.DatetimeField()
    principal = fields.TextField()
    key_id = fields.UUIDField(null=True)
    action = fields.TextField()
    target = fields.TextField(null=True)
    outcome = fields.TextField()

    class Meta:
        table = "audit_entry"
        table_description = "what was asked for, by whom"
