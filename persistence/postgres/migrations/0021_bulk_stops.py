"""The end of a bulk operation before all is done. Workers of the release before carry on with one that is stopped."""

from tortoise import fields, migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("stepgraph", "0020_secret_readers")]

    operations = [
        ops.AddField(
            model_name="BulkOperation",
            name="stopped_at",
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
    ]
