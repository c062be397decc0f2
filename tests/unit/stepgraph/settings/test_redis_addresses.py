"""Redis's address in the settings: nothing in it is ignored, and what is refused is named."""

import pytest

from persistence.redis.clients import redis_client
from stepgraph.settings import InvalidSettings, load_settings


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
        ("http://host", "must start with redis://, rediss:// or unix://"),
        ("redis://:geheim@host/orders", "the database 'orders': it must be a whole number"),
        ("redis://:geheim@host/1?db=2", "names its database twice"),
        ("redis://:geheim@host:0", "a port that is none"),
        ("redis://:geheim@host:port", "a port that is none"),
        ("redis://:geheim@host:99999", "a port that is none"),
        ("redis://", "names no host"),
        ("redis://host/0#x", "write it as %23"),
        ("unix://", "names no socket"),
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
        "redis://host?health_check_interval=0&socket_keepalive=yes&socket_read_size=65536&username=user",
    ],
)
def test_what_is_understood_is_taken_by_the_client_too(url: str) -> None:
    address = load_settings(redis_url=url).redis_url
    assert address == url
    client = redis_client(address, connections=1)
    client.connection_pool.make_connection()  # type: ignore[no-untyped-call]
