"""Settings turned into the options and parts that API and worker processes are built of."""

import resource
from collections.abc import Iterator
from dataclasses import fields
from ipaddress import ip_network
from typing import Any

from actors.http.destinations import DestinationPolicy
from actors.sandbox.pool import SandboxOptions
from domain.kernel.limits import Limits
from domain.metrics.service import MetricsRetention
from domain.secrets.ports import Cipher
from graphql_api.budgets import RequestBudgets
from persistence.postgres.connections.database import Database
from persistence.postgres.secrets.cipher import AesGcmCipher, NoCipher
from stepgraph.settings import Settings, postgresql, redis

_MOST_FILES = 65_536
_FILES_OF_OTHERS = 300
"""Files that are kept for PostgreSQL, Redis, the sandbox, and connections that are being refused."""


def addresses_of(settings: Settings) -> tuple[str, str]:
    """The addresses of PostgreSQL and Redis, in this order. The caller has checked that both are set."""
    assert settings.database_url is not None
    assert settings.redis_url is not None
    return settings.database_url, settings.redis_url


def database_of(settings: Settings, *, pool_size: int | None = None) -> Database:
    """The connections to PostgreSQL, not opened yet; `pool_size` in place of the setting, where it is given."""
    database_url, _ = addresses_of(settings)
    size = settings.database_pool_size if pool_size is None else pool_size
    return Database(database_url, pool_size=size, lease=settings.lease, pooler=settings.database_pooler)


def limits_of(settings: Settings) -> Limits:
    """The caps on what users may send: those that are settings of the same names, and the fixed ones."""
    names = (row.name for row in fields(Limits) if row.name in Settings.model_fields)
    return Limits(**{name: getattr(settings, name) for name in names})


def budgets_of(settings: Settings) -> dict[str, Any]:
    """The budgets of requests, as keyword arguments of `ApiOptions`."""
    return {row.name: getattr(settings, row.name) for row in fields(RequestBudgets)}


def most_connections() -> int:
    """Raise this process's limit of open files as far as it may, and return the connections that it leaves room for."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = _MOST_FILES if hard == resource.RLIM_INFINITY else min(hard, _MOST_FILES)
    if most > soft:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
    return max(most, soft) - _FILES_OF_OTHERS


def metrics_retention_of(settings: Settings) -> MetricsRetention:
    """The times for which buckets of metrics are kept."""
    return MetricsRetention(minutes=settings.metrics_minutes_retention, hours=settings.metrics_hours_retention)


def cipher_of(settings: Settings) -> Cipher:
    """The cipher that encrypts secrets; without keys, one that refuses to."""
    return AesGcmCipher(settings.keys) if settings.keys else NoCipher()


def sandbox_options_of(settings: Settings) -> SandboxOptions:
    """The number of children in a process's sandbox, and the number of calls after which one is replaced."""
    return SandboxOptions(
        children=settings.sandbox_children,
        trial_children=settings.sandbox_trial_children,
        calls=settings.sandbox_calls,
    )


def public_url_of(settings: Settings) -> str:
    """The address at which others reach the API, without a slash at the end; by default the one it listens on."""
    if settings.public_url is not None:
        return settings.public_url
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.host, settings.host)
    return f"http://{f'[{host}]' if ':' in host else host}:{settings.port}"


def destinations_of(settings: Settings) -> DestinationPolicy:
    """The addresses that steps may connect to."""
    return DestinationPolicy(
        allow_loopback=settings.egress_allow_loopback,
        allowed_networks=tuple(ip_network(network) for network in settings.egress_allowed_networks),
        allowed_hosts=settings.egress_allowed_hosts,
        blocked_ports=frozenset(_own_ports(settings)),
    )


def _own_ports(settings: Settings) -> Iterator[int]:
    """The ports of our own PostgreSQL and Redis, which steps may never connect to."""
    database_url, redis_url = addresses_of(settings)
    yield from postgresql.ports_of(database_url)
    yield from redis.ports_of(redis_url)
