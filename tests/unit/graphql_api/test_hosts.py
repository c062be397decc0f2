"""Names in `Host` and `Origin`, networks of proxies, and what proxies say of their clients."""

import pytest

from graphql_api.edge.clients import Networks, client_behind
from graphql_api.edge.connections import is_loopback, network_of
from graphql_api.edge.hosts import KnownNames, authority_of, normal_origin, origin_of

NAMES = KnownNames("https://Flows.Example.com:8443/api", ("api", "[fd00::1]:80"))


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "LOCALHOST:8000",
        "localhost.",
        "localhost.:80",
        "127.0.0.1",
        "127.0.0.1:8000",
        "127.255.255.254",
        "[::1]",
        "[::1]:8000",
        "[0:0:0:0:0:0:0:1]:1",
        "[::ffff:127.0.0.1]:8000",
        "[::FFFF:7f00:1]",
        "flows.example.com",
        "FLOWS.example.com.:443",
        "api:8000",
        "[fd00::1]",
        " localhost ",
    ],
)
def test_names_that_nobody_else_can_own_are_known(host: str) -> None:
    assert authority_of(host) in NAMES


@pytest.mark.parametrize(
    "host",
    [
        "",
        ".",
        "evil.example",
        "localhost.evil.example",
        "localhost..",
        "evil.example#localhost",
        "localhost@evil.example",
        "evil.example/localhost",
        "localhost evil.example",
        "localhost,evil.example",
        "127.0.0.1.evil.example",
        "127.0.0.1.nip.io",
        "127.1",
        "2130706433",
        "0x7f.0.0.1",
        "0177.0.0.1",
        "0.0.0.0",
        "[::]",
        "[::ffff:10.0.0.1]",
        "[::1%25lo]",
        "[::1",
        "::1",
        "[::1]evil.example",
        "[localhost]",
        "localhost:",
        "localhost:99999",
        "localhost:80:80",
        "localhost:-1",
        "localhost:٨٠",
        "locаlhost",  # noqa: RUF001 - a Cyrillic letter
        "ⓛocalhost",
        "example.com",
        "flows.example.com.evil.example",
        "flows-example.com",
        "10.0.0.1",
        "a" * 300,
    ],
)
def test_other_names_are_not(host: str) -> None:
    assert authority_of(host) not in NAMES


@pytest.mark.parametrize(
    ("origin", "scheme", "host", "same"),
    [
        ("http://localhost:8000", "http", "localhost:8000", True),
        ("https://flows.example", "https", "flows.example", True),
        ("https://flows.example", "https", "flows.example:443", True),
        ("https://flows.example:443", "https", "flows.example", True),
        ("http://[::1]:80", "http", "[::1]", True),
        ("HTTP://LOCALHOST:8000", "http", "localhost.:8000", True),
        ("http://localhost:5173", "http", "localhost:8000", False),
        ("https://flows.example", "http", "flows.example", False),
        ("https://flows.example", "http", "flows.example:443", False),
        ("http://flows.example", "https", "flows.example", False),
        ("https://flows.example", "https", "flows.example:80", False),
        ("https://flows.example:8443", "https", "flows.example", False),
        ("https://flows.example:0", "https", "flows.example", False),
        ("https://flows.example.evil", "https", "flows.example", False),
        ("http://flows.example", "http", "evil.example#flows.example", False),
    ],
)
def test_a_page_is_of_the_host_that_it_asks_where_scheme_name_and_port_are(
    origin: str, scheme: str, host: str, same: bool
) -> None:
    found = origin_of(origin)
    assert found is not None
    assert (origin_of(f"{scheme}://{host}") == found) is same


@pytest.mark.parametrize(
    "origin", ["null", "", "file://", "localhost", "http://", "chrome-extension://abc", "http://a/b", "http://a@b", "*"]
)
def test_what_is_no_origin_of_a_page_is_none(origin: str) -> None:
    assert origin_of(origin) is None


@pytest.mark.parametrize(
    ("given", "normal"),
    [
        ("https://App.Example.com/", "https://app.example.com"),
        ("https://app.example.com:443", "https://app.example.com"),
        ("http://localhost:5173", "http://localhost:5173"),
        ("http://[::1]:80", "http://[::1]"),
        ("*", "*"),
    ],
)
def test_origins_of_the_settings_are_compared_as_browsers_write_them(given: str, normal: str) -> None:
    assert normal_origin(given) == normal


PROXIES = Networks(["10.0.0.0/8", "127.0.0.1", "fd00::/8"])


@pytest.mark.parametrize(
    ("said", "client"),
    [
        (["203.0.113.7"], "203.0.113.7"),
        (["1.2.3.4, 203.0.113.7"], "203.0.113.7"),
        (["1.2.3.4", "203.0.113.7, 10.1.2.3"], "203.0.113.7"),
        (["203.0.113.7:4711"], "203.0.113.7"),
        (["[2001:db8::1]:4711"], "2001:db8::1"),
        (["10.9.9.9"], "10.9.9.9"),
        (["evil, 10.9.9.9"], "10.9.9.9"),
        (["garbage"], "10.0.0.1"),
        ([""], "10.0.0.1"),
        ([], "10.0.0.1"),
        (["203.0.113.7, unknown"], "10.0.0.1"),
        (["203.0.113.7," + "10.0.0.2," * 50_000 + "10.0.0.3"], "10.0.0.2"),
    ],
)
def test_the_last_that_is_no_trusted_proxy_is_the_client(said: list[str], client: str) -> None:
    assert client_behind("10.0.0.1", [each.encode() for each in said], PROXIES) == client


def test_networks_hold_addresses_however_they_are_written() -> None:
    assert "10.255.0.1" in PROXIES
    assert "::ffff:10.0.0.1" in PROXIES
    assert "fd12::1" in PROXIES
    assert "11.0.0.1" not in PROXIES
    assert "localhost" not in PROXIES
    assert "" not in PROXIES
    assert "10.0.0.1" not in Networks([])


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("fe80::1%eth0", "fe80::"),
        ("", ""),
    ],
)
def test_an_address_of_ipv6_counts_as_its_network(address: str, network: str) -> None:
    assert network_of(address) == network


def test_this_machine_is_known_by_any_of_its_addresses() -> None:
    assert all(is_loopback(each) for each in ("127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1", ""))
    assert not any(is_loopback(each) for each in ("10.0.0.1", "::", "::ffff:10.0.0.1", "localhost.evil", "fe80::1"))
