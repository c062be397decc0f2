"""The tables of workflows and their versions."""

from tortoise import fields
from tortoise.models import Model

from domain.kernel.json.text import dumps, loads
from domain.kernel.statuses import WorkflowStatus
from persistence.postgres.columns.orm_fields import JsonTextField


class Workflow(Model):
    """A workflow at its newest version. A deleted one keeps its row, and frees its name."""

    id = fields.UUIDField(primary_key=True)
    name = fields.TextField()
    status = fields.CharEnumField(WorkflowStatus, max_length=16, description="")
    version = fields.IntField()
    definition_id = fields.UUIDField()
    labels: fields.JSONField[dict[str, object]] = fields.JSONField(encoder=dumps, decoder=loads)
    created_at = fields.DatetimeField()
    updated_at = fields.DatetimeField()
    deleted_at = fields.DatetimeField(null=True)

    class Meta:
        table = "workflow"
        table_description = "a workflow at its newest version"


class WorkflowVersion(Model):
    """An immutable document: a version of a workflow, or the steps of an orchestration (then found by `digest`)."""

    id = fields.UUIDField(primary_key=True)
    workflow_id = fields.UUIDField(null=True)
    version = fields.IntField(null=True)
    document = JsonTextField()
    digest = fields.BinaryField(null=True)
    note = fields.TextField(null=True)
    created_at = fields.DatetimeField()

    class Meta:
        table = "workflow_version"
        table_description = "an immutable document"
