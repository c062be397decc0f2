"""What retries carry over, and the ways to find the children of a step and the retries of an execution."""

from uuid import uuid4

from tortoise import fields, migrations
from tortoise.migrations import operations as ops

from persistence.postgres.columns.orm_fields import JsonTextField

_CARRIED_STEP = """
ALTER TABLE carried_step
  DROP CONSTRAINT carried_step_pkey,
  ALTER COLUMN path TYPE text COLLATE "C",
  ADD PRIMARY KEY (execution_id, path);
"""

# A loop may have started ten thousand children: those of one item are found by the path as well.
_WORKFLOW_EXECUTION = """
CREATE INDEX workflow_execution_child ON workflow_execution (parent_id, parent_path) WHERE parent_id IS NOT NULL;
DROP INDEX workflow_execution_parent;
CREATE INDEX workflow_execution_retry ON workflow_execution (retried_from_id) WHERE retried_from_id IS NOT NULL;
"""
_AS_BEFORE = """
CREATE INDEX workflow_execution_parent ON workflow_execution (parent_id) WHERE parent_id IS NOT NULL;
DROP INDEX workflow_execution_child, workflow_execution_retry;
"""


class Migration(migrations.Migration):
    dependencies = [("stepgraph", "0012_leadership")]

    operations = [
        ops.CreateModel(
            name="CarriedStep",
            fields=[
                ("execution_id", fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True)),
                ("path", fields.TextField(unique=False)),
                ("origins", JsonTextField(generated=False, null=False, unique=False)),
                ("checkpoint", JsonTextField(null=True, generated=False, unique=False)),
            ],
            options={
                "table": "carried_step",
                "app": "stepgraph",
                "pk_attr": "execution_id",
                "table_description": "what a retry knows of a step that it begins again",
            },
            bases=["Model"],
        ),
        ops.RunSQL(_CARRIED_STEP, reverse_sql=ops.RunSQL.noop),
        ops.RunSQL(_WORKFLOW_EXECUTION, reverse_sql=_AS_BEFORE),
    ]
