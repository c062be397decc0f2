"""The table of secrets."""

from tortoise import fields
from tortoise.models import Model


class Secret(Model):
    """A value that workflows read by its name; `sealed` is encrypted."""

    name = fields.CharField(max_length=64, primary_key=True)
    sealed = fields.BinaryField()
    created_at = fields.DatetimeField()
    updated_at = fields.DatetimeField()

    class Meta:
        table = "secret"
        table_description = "an encrypted value"
