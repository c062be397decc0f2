"""API keys, and the audit of mutations."""

from tortoise import fields, migrations
from tortoise.migrations import operations as ops

from domain.kernel.statuses import Role

_API_KEY = "CREATE UNIQUE INDEX api_key_digest ON api_key (digest);"


class Migration(migrations.Migration):
    dependencies = [("stepgraph", "0010_secrets")]

    operations = [
        ops.CreateModel(
            name="ApiKey",
            fields=[
                ("id", fields.UUIDField(primary_key=True, unique=True, db_index=True)),
                ("name", fields.TextField(unique=False)),
                ("role", fields.CharEnumField(description="", enum_type=Role, max_length=16)),
                ("prefix", fields.TextField(unique=False)),
                ("digest", fields.BinaryField()),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("expires_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("last_used_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "api_key",
                "app": "stepgraph",
                "pk_attr": "id",
                "table_description": "a key to the API",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="AuditEntry",
            fields=[
                ("id", fields.UUIDField(primary_key=True, unique=True, db_index=True)),
                ("at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("principal", fields.TextField(unique=False)),
                ("key_id", fields.UUIDField(null=True)),
                ("action", fields.TextField(unique=False)),
                ("target", fields.TextField(null=True, unique=False)),
                ("outcome", fields.TextField(unique=False)),
            ],
            options={
                "table": "audit_entry",
                "app": "stepgraph",
                "pk_attr": "id",
                "table_description": "what was asked for, by whom",
            },
            bases=["Model"],
        ),
        ops.RunSQL(_API_KEY, reverse_sql=ops.RunSQL.noop),
    ]
