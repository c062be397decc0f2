"""Redis's address in the settings: nothing in it is ignored, and what is refused is named."""

from typing import Any

import pytest

from persistence.redis.clients import redis_client
from stepgraph.settings import InvalidSettings, load_settings
from stepgraph.settings.redis import ports_of


def refusal(url: str) -> str:
    """The sentence that an address is refused with."""
    with pytest.raises(InvalidSettings) as refused:
        load_settings(redis_url=url)
    assert "geheim" not in str(refused.value)
    return str(refused.value)


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("foo=1", "the parameter foo, which is not understood here: there are client_name, db,"),
        (
            "max_conections=5",
            "the parameter max_conections, which is not understood here: did you mean max_connections?",
        ),
        ("Username=1", "did you mean username?"),
        ("timeout=5", "the parameter timeout, which is not understood here"),
        ("retry_on_error=x", "the parameter retry_on_error, which is not understood here"),
        ("db=1&sslmode=require", "the parameter sslmode"),
        ("db=", "no value for the parameter db"),
        ("db=one", "db=one: it must be a whole number"),
        ("db=-1", "db=-1: it must be a whole number"),
        ("db=1&db=2", "the parameter db more than once"),
        ("max_connections=0", "max_connections=0: it must be a whole number above 0"),
        ("socket_timeout=soon", "socket_timeout=soon: it must be a number of seconds"),
        ("socket_timeout=nan", "it must be a number of seconds"),
        ("socket_keepalive=maybe", "it must be one of true, false"),
        ("protocol=4", "it must be one of 2, 3"),
        ("ssl_ca_certs=ca.pem", "ssl_ca_certs, which is of TLS alone: write rediss://"),
    ],
)
def test_a_parameter_that_would_be_ignored_is_refused_by_its_name(query: str, told: str) -> None:
    assert told in refusal(f"redis://:geheim@host?{query}")


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("http://host", "must start with redis://, rediss://, redis+sentinel://, rediss+sentinel:// or unix://"),
        ("redis://:geheim@host/orders", "the database 'orders': it must be a whole number"),
        ("redis://:geheim@host/1?db=2", "names its database twice"),
        ("redis://:geheim@host:0", "a port that is none"),
        ("redis://:geheim@host:port", "a port that is none"),
        ("redis://:geheim@host:99999", "a port that is none"),
        ("redis://", "names no host"),
        ("redis://host/0#x", "write it as %23"),
        ("unix://", "names no socket"),
        ("redis+sentinel://one,two", "names no primary: write its name"),
        ("redis+sentinel://one,two/", "names no primary: write its name"),
        ("redis+sentinel:///orders", "names no host"),
        ("redis+sentinel://one,,two/orders", "names no host, or one that is empty"),
        ("redis+sentinel://one:0/orders", "a port that is none"),
        ("redis+sentinel://one:x,two/orders", "a port that is none"),
        ("redis+sentinel://:geheim@one/orders/first", "the database 'first': it must be a whole number"),
        ("redis+sentinel://:geheim@one/orders/1?db=2", "names its database twice"),
        ("redis+sentinel://one/orders?sentinel_name=x", "did you mean sentinel_username?"),
        ("redis+sentinel://one/orders?ssl_ca_certs=ca.pem", "ssl_ca_certs, which is of TLS alone"),
        ("redis://one?sentinel_password=geheim", "sentinel_password, which is of Sentinel alone"),
    ],
)
def test_an_address_that_would_lead_elsewhere_is_refused(url: str, told: str) -> None:
    assert told in refusal(url)


@pytest.mark.parametrize(
    "url",
    [
        "redis://host",
        "redis://user:geheim@host:6380/3",
        "redis://[::1]:6379/0?protocol=3&client_name=stepgraph",
        "rediss://host/0?ssl_cert_reqs=none&ssl_check_hostname=false",
        "unix:///run/valkey.sock?db=2&password=geheim",
        "redis://host?max_connections=5&socket_timeout=2.5&socket_connect_timeout=1",
        "redis+sentinel://user:geheim@one:26379,two,[::1]:26380/orders/3?protocol=3",
        "rediss+sentinel://one/orders?ssl_cert_reqs=none&sentinel_username=asks&sentinel_password=geheim",
        "redis://host?health_check_interval=0&socket_keepalive=yes&socket_read_size=65536&username=user",
    ],
)
def test_what_is_understood_is_taken_by_the_client_too(url: str) -> None:
    address = load_settings(redis_url=url).redis_url
    assert address == url
    client = redis_client(address, connections=1)
    client.connection_pool.make_connection()  # type: ignore[no-untyped-call]


def test_the_ports_of_all_servers_are_known() -> None:
    assert list(ports_of("redis://host")) == [6379]
    assert list(ports_of("rediss://host:6380/1")) == [6380]
    assert list(ports_of("unix:///run/valkey.sock")) == []
    assert list(ports_of("redis+sentinel://one:26380,two/orders")) == [6379, 26380, 26379]


def test_what_is_of_the_primary_and_what_of_the_sentinels_is_kept_apart() -> None:
    pool: Any = redis_client(
        "rediss+sentinel://user:p%40ss@one:26380,two/orders/3?sentinel_username=asks&sentinel_password=why&"
        "ssl_check_hostname=false&socket_timeout=2.5",
        connections=5,
    ).connection_pool
    connection = pool.make_connection()
    assert (connection.username, connection.password, connection.db) == ("user", "p@ss", 3)
    assert pool.service_name == "orders"
    assert pool.max_connections == 5
    asked = [each.connection_pool for each in pool.sentinel_manager.sentinels]
    assert [(each.connection_kwargs["host"], each.connection_kwargs["port"]) for each in asked] == [
        ("one", 26380),
        ("two", 26379),
    ]
    for each in asked:
        assert each.connection_kwargs["username"] == "asks"
        assert each.connection_kwargs["password"] == "why"
        assert each.connection_kwargs["socket_timeout"] < 1, "the next one is asked soon"
        assert "SSL" in each.connection_class.__name__
