"""Breakers in Redis as text: states, and the news that are published about them."""

from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from domain.circuit_breakers.model import BreakerConfig, BreakerSnapshot
from domain.circuit_breakers.ports import BreakerNews
from domain.kernel.statuses import CircuitBreakerState


def snapshot_text(snapshot: BreakerSnapshot) -> str:
    """A state as JSON; times are seconds since 1970."""
    return orjson.dumps(
        {
            "service": snapshot.service_id,
            "version": snapshot.version,
            "generation": snapshot.generation,
            "state": snapshot.state.value,
            "failures": snapshot.failure_count,
            "successes": snapshot.success_count,
            "opened_at": _seconds(snapshot.opened_at),
            "next_probe_at": _seconds(snapshot.next_probe_at),
            "probes": {name: until.timestamp() for name, until in snapshot.probes.items()},
        }
    ).decode()


def snapshot_of(text: bytes | str) -> BreakerSnapshot:
    """The state from a text that `snapshot_text` made. Raises `ValueError` for anything else."""
    try:
        return _snapshot(orjson.loads(text))
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"no state of a breaker: {text[:80]!r}") from error


def config_text(service_id: str, config: BreakerConfig) -> str:
    """The news of a changed configuration, as JSON."""
    return orjson.dumps(
        {
            "service": service_id,
            "config": {
                "failure_threshold": config.failure_threshold,
                "success_threshold": config.success_threshold,
                "reset_timeout": config.reset_timeout.total_seconds(),
                "half_open_max_calls": config.half_open_max_calls,
            },
        }
    ).decode()


def gone_text(service_id: str) -> str:
    """The news of a deleted breaker, as JSON."""
    return orjson.dumps({"service": service_id}).decode()


def news_of(text: bytes) -> BreakerNews:
    """The news in a message. Raises `ValueError`."""
    try:
        value = orjson.loads(text)
        if "state" in value:
            snapshot = _snapshot(value)
            return BreakerNews(snapshot.service_id, snapshot=snapshot)
        config = value.get("config")
        if config is None:
            return BreakerNews(str(value["service"]))
        changed = BreakerConfig(**{**config, "reset_timeout": timedelta(seconds=config["reset_timeout"])})
        return BreakerNews(str(value["service"]), config=changed)
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"no news of a breaker: {text[:80]!r}") from error


def _snapshot(value: Any) -> BreakerSnapshot:
    return BreakerSnapshot(
        service_id=value["service"],
        state=CircuitBreakerState(value["state"]),
        version=value["version"],
        generation=value["generation"],
        failure_count=value["failures"],
        success_count=value["successes"],
        opened_at=_time(value["opened_at"]),
        next_probe_at=_time(value["next_probe_at"]),
        probes={name: datetime.fromtimestamp(until, UTC) for name, until in value["probes"].items()},
    )


def _seconds(time: datetime | None) -> float | None:
    return None if time is None else time.timestamp()


def _time(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
