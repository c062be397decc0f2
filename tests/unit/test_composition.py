"""What the composition makes of the settings."""

from actors.destinations import DestinationPolicy
from stepgraph.composition import destinations_of
from stepgraph.settings import load_settings


def policy(**settings: object) -> DestinationPolicy:
    return destinations_of(load_settings(egress_allow_loopback=True, **settings))


def test_steps_reach_neither_our_database_nor_our_redis_even_where_loopback_is_allowed() -> None:
    ours = policy(database_url="postgresql://u@127.0.0.1:5433/x", redis_url="redis://127.0.0.1/0")

    assert ours.refusal("127.0.0.1", 5433) is not None
    assert ours.refusal("127.0.0.1", 6379) is not None
    assert ours.refusal("127.0.0.1", 8765) is None


def test_servers_on_unix_sockets_block_no_port() -> None:
    ours = policy(database_url="postgresql://postgres@/postgres?host=/run/x", redis_url="unix:///run/x/valkey.sock")

    assert ours.blocked_ports == frozenset()
