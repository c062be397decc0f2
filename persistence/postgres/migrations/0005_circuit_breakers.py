"""Circuit breakers: configuration and last state of each service, and an index of the steps that wait for one."""

from tortoise import fields, migrations
from tortoise.migrations import operations as ops

from domain.kernel.statuses import CircuitBreakerState

_CIRCUIT_BREAKER = """
ALTER TABLE circuit_breaker ALTER COLUMN service_id TYPE text COLLATE "C";
CREATE UNIQUE INDEX circuit_breaker_service ON circuit_breaker (service_id);
"""

# Only rows that wait for a breaker are in it; rows without a reason to wait go on to be updated in place.
_STEP_EXECUTION = """
CREATE INDEX step_execution_breaker ON step_execution ((waiting_for ->> 'detail'))
  WHERE waiting_for ->> 'kind' = 'CIRCUIT_BREAKER';
"""


class Migration(migrations.Migration):
    dependencies = [("stepgraph", "0004_pending_events")]

    operations = [
        ops.CreateModel(
            name="CircuitBreaker",
            fields=[
                ("id", fields.UUIDField(primary_key=True, unique=True, db_index=True)),
                ("service_id", fields.TextField(unique=False)),
                ("failure_threshold", fields.IntField()),
                ("success_threshold", fields.IntField()),
                ("reset_timeout", fields.TimeDeltaField()),
                ("half_open_max_calls", fields.IntField()),
                ("state", fields.CharEnumField(description="", enum_type=CircuitBreakerState, max_length=16)),
                ("version", fields.BigIntField()),
                ("generation", fields.BigIntField()),
                ("failure_count", fields.IntField()),
                ("success_count", fields.IntField()),
                ("opened_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("next_probe_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("updated_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "circuit_breaker",
                "app": "stepgraph",
                "pk_attr": "id",
                "table_description": "the breaker of a service",
            },
            bases=["Model"],
        ),
        ops.RunSQL(_CIRCUIT_BREAKER, reverse_sql=ops.RunSQL.noop),
        ops.RunSQL(_STEP_EXECUTION, reverse_sql="DROP INDEX step_execution_breaker;"),
    ]
