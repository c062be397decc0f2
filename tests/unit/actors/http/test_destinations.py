"""Destinations: the addresses that outgoing requests may reach."""

from ipaddress import ip_network

import pytest

from actors.http.destinations import DestinationPolicy

PUBLIC = [
    "8.8.8.8",
    "1.1.1.1",
    "172.15.255.255",
    "172.32.0.1",
    "192.0.1.1",
    "223.255.255.255",
    "2606:4700::1111",
    "2a00:1450:4001:81b::200e",
    "::ffff:8.8.8.8",
]

NOT_PUBLIC = [
    "0.0.0.0",
    "10.1.1.1",
    "100.64.1.1",
    "100.100.100.200",
    "127.0.0.1",
    "127.255.255.254",
    "168.63.129.16",
    "169.254.169.254",
    "172.16.0.1",
    "192.0.0.9",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.1.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:169.254.169.254",
    "64:ff9b::7f00:1",
    "64:ff9b:1::7f00:1",
    "100::1",
    "2001::1",
    "2001:0:53aa:64c:0:fffe:80ff:fffe",
    "2001:db8::1",
    "2002:7f00:1::",
    "3fff::1",
    "5f00::1",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "ff02::1",
]


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address_may_be_called(address: str) -> None:
    assert DestinationPolicy().refusal(address, 443) is None


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_an_address_that_is_not_public_is_refused_and_named(address: str) -> None:
    refusal = DestinationPolicy().refusal(address, 443)

    assert refusal is not None
    assert address in refusal


@pytest.mark.parametrize("text", ["", "localhost", "1.2.3", "0x7f.0.0.1", "2130706433"])
def test_what_is_not_a_numeric_address_is_refused(text: str) -> None:
    assert DestinationPolicy().refusal(text, 443) is not None


@pytest.mark.parametrize("address", ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"])
def test_loopback_can_be_allowed(address: str) -> None:
    assert DestinationPolicy(allow_loopback=True).refusal(address, 80) is None


@pytest.mark.parametrize("address", ["0.0.0.0", "::", "10.0.0.1", "169.254.169.254"])
def test_allowing_loopback_allows_nothing_else(address: str) -> None:
    assert DestinationPolicy(allow_loopback=True).refusal(address, 80) is not None


def test_an_allowed_network_opens_that_network_only() -> None:
    policy = DestinationPolicy(allowed_networks=(ip_network("10.1.0.0/16"), ip_network("fd00:1::/32")))

    assert policy.refusal("10.1.2.3", 80) is None
    assert policy.refusal("::ffff:10.1.2.3", 80) is None
    assert policy.refusal("fd00:1::7", 80) is None
    assert policy.refusal("10.2.0.1", 80) is not None


def test_blocked_networks_and_ports_win_over_every_exception() -> None:
    policy = DestinationPolicy(
        allow_loopback=True,
        allowed_networks=(ip_network("10.0.0.0/8"),),
        blocked_networks=(ip_network("10.9.0.0/16"), ip_network("8.8.8.8")),
        blocked_ports=frozenset({6379}),
    )

    assert policy.refusal("10.9.1.1", 80) is not None
    assert policy.refusal("8.8.8.8", 80) is not None
    assert policy.refusal("127.0.0.1", 6379) is not None
    assert policy.refusal("10.9.1.1", 80, trusted_host=True) is not None
    assert policy.refusal("10.8.1.1", 6379, trusted_host=True) is not None
    assert policy.refusal("10.8.1.1", 80) is None


@pytest.mark.parametrize(
    ("pattern", "host", "port", "is_allowed"),
    [
        ("billing.internal", "billing.internal", 80, True),
        ("billing.internal", "Billing.Internal.", 80, True),
        ("billing.internal", "evil-billing.internal", 80, False),
        ("billing.internal", "billing.internal.evil.com", 80, False),
        ("*.cluster.local", "a.b.cluster.local", 80, True),
        ("*.cluster.local", "cluster.local", 80, False),
        ("*.cluster.local", "evilcluster.local", 80, False),
        ("billing.internal:8443", "billing.internal", 8443, True),
        ("billing.internal:8443", "billing.internal", 22, False),
    ],
)
def test_allowed_hosts_match_whole_names(pattern: str, host: str, port: int, is_allowed: bool) -> None:
    assert DestinationPolicy(allowed_hosts=(pattern,)).allows_host(host, port) is is_allowed


def test_an_allowed_host_may_have_a_private_address() -> None:
    assert DestinationPolicy().refusal("10.0.0.5", 80, trusted_host=True) is None
