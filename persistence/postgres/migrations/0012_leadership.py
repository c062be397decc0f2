"""Who does what one process at a time does, as a row instead of a session's lock, and how wrong workers' clocks are."""

from tortoise import fields, migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("stepgraph", "0011_api_keys")]

    operations = [
        ops.CreateModel(
            name="Leadership",
            fields=[
                ("role", fields.CharField(primary_key=True, unique=True, db_index=True, max_length=32)),
                ("holder_id", fields.UUIDField()),
                ("epoch", fields.BigIntField()),
                ("expires_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("worked_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "leadership",
                "app": "stepgraph",
                "pk_attr": "role",
                "table_description": "who does what one process at a time does",
            },
            bases=["Model"],
        ),
        # With a default of the database's own: workers of before this register without it.
        ops.AddField(
            model_name="WorkerProcess", name="clock_offset", field=fields.FloatField(default=0, db_default=0)
        ),
    ]
