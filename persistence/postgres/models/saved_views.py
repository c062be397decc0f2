"""The table of saved views."""

from tortoise import fields
from tortoise.models import Model

from domain.kernel.statuses import ViewKind
from persistence.postgres.columns.orm_fields import JsonTextField


class SavedView(Model):
    """A list with a filter and columns under a name, of one key or for everybody."""

    id = fields.UUIDField(primary_key=True)
    kind = fields.CharEnumField(ViewKind, max_length=32, description="")
    name = fields.TextField()
    conditions = JsonTextField()
    columns = JsonTextField()
    is_shared = fields.BooleanField()
    owner_id = fields.UUIDField(null=True)
    owner = fields.TextField()
    created_at = fields.DatetimeField()
    updated_at = fields.DatetimeField()

    class Meta:
        table = "saved_view"
        table_description = "a list with a filter under a name"
