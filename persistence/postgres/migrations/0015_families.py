"""How many executions come from one."""

from uuid import uuid4

from tortoise import fields, migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("stepgraph", "0014_durations")]

    operations = [
        ops.CreateModel(
            name="ExecutionFamily",
            fields=[
                ("root_id", fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True)),
                ("executions", fields.IntField()),
            ],
            options={
                "table": "execution_family",
                "app": "stepgraph",
                "pk_attr": "root_id",
                "table_description": "how many executions come from one",
            },
            bases=["Model"],
        ),
    ]
