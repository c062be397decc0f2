"""The table of circuit breakers."""

from tortoise import fields
from tortoise.models import Model

from domain.kernel.statuses import CircuitBreakerState


class CircuitBreaker(Model):
    """The breaker of a service: its configuration, and the state of its newest generation."""

    id = fields.UUIDField(primary_key=True)
    service_id = fields.TextField()
    failure_threshold = fields.IntField()
    success_threshold = fields.IntField()
    reset_timeout = fields.TimeDeltaField()
    half_open_max_calls = fields.IntField()
    state = fields.CharEnumField(CircuitBreakerState, max_length=16, description="")
    version = fields.BigIntField()
    generation = fields.BigIntField()
    failure_count = fields.IntField()
    success_count = fields.IntField()
    opened_at = fields.DatetimeField(null=True)
    next_probe_at = fields.DatetimeField(null=True)
    updated_at = fields.DatetimeField()

    class Meta:
        table = "circuit_breaker"
        table_description = "the breaker of a service"
