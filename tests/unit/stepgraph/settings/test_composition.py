"""The composition: options and parts made from settings."""

import pytest

from actors.http.destinations import DestinationPolicy
from stepgraph.composition import destinations_of, public_url_of
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


@pytest.mark.parametrize(
    ("settings", "url"),
    [
        ({}, "http://127.0.0.1:8000"),
        ({"host": "10.1.2.3", "port": 80}, "http://10.1.2.3:80"),
        ({"host": "::1"}, "http://[::1]:8000"),
        ({"host": "0.0.0.0"}, "http://127.0.0.1:8000"),
        ({"host": "::"}, "http://[::1]:8000"),
        ({"public_url": "https://flows.example/api/", "host": "0.0.0.0"}, "https://flows.example/api"),
    ],
)
def test_others_reach_the_api_where_the_settings_say_or_where_it_listens(settings: dict[str, object], url: str) -> None:
    assert public_url_of(load_settings(**settings)) == url
