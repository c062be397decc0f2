"""Allowed destinations of outgoing requests: the policy, and the addresses of names that it allows.

Both transports connect to nothing else: numeric hosts, redirects, a pool that refills and a DNS server that changes
its mind all meet the same rule.

Tables: https://www.iana.org/assignments/iana-ipv4-special-registry and …/iana-ipv6-special-registry. The `ipaddress`
module's `is_global` is no substitute: it lets multicast, 6to4, NAT64 and deprecated ranges pass.
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import NamedTuple, TypeAlias

Network: TypeAlias = IPv4Network | IPv6Network
Lookup: TypeAlias = Callable[[str, int], Awaitable[Sequence[str]]]

_SPECIAL_IPV4 = tuple(
    IPv4Network(text)
    for text in (
        "0.0.0.0/8",  # this network
        "10.0.0.0/8",  # private
        "100.64.0.0/10",  # shared by carriers
        "127.0.0.0/8",  # loopback
        "168.63.129.16/32",  # Azure's host service, in public address space
        "169.254.0.0/16",  # link-local, cloud metadata
        "172.16.0.0/12",  # private
        "192.0.0.0/24",  # protocol assignments
        "192.0.2.0/24",  # documentation
        "192.31.196.0/24",  # AS112
        "192.52.193.0/24",  # AMT
        "192.88.99.0/24",  # 6to4 relays
        "192.168.0.0/16",  # private
        "192.175.48.0/24",  # AS112
        "198.18.0.0/15",  # benchmarking
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, broadcast
    )
)
_GLOBAL_IPV6 = IPv6Network("2000::/3")
_SPECIAL_IPV6 = tuple(
    IPv6Network(text)
    for text in (
        "2001::/23",  # protocol assignments: Teredo, benchmarking, ORCHID
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4, carries any IPv4 address
        "2620:4f:8000::/48",  # AS112
        "3fff::/20",  # documentation
    )
)
_LOOPBACK: tuple[Network, ...] = (IPv4Network("127.0.0.0/8"), IPv6Network("::1/128"))


class BlockedAddress(OSError):
    """The policy refuses a destination. An OSError, because that is what connecting is expected to raise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DestinationPolicy:
    """The addresses that may be connected to: global unicast ones, and the exceptions named here.

    `allowed_hosts` are names whose addresses may be anything that is not blocked: `billing.internal`,
    `*.svc.cluster.local`, with `:port` where only that one is meant. `blocked_networks` and `blocked_ports` win over
    every exception; the engine's own database and Redis ports belong into the latter.
    """

    allow_loopback: bool = False
    allowed_networks: tuple[Network, ...] = ()
    allowed_hosts: tuple[str, ...] = ()
    blocked_networks: tuple[Network, ...] = ()
    blocked_ports: frozenset[int] = field(default_factory=frozenset)

    def allows_host(self, host: str, port: int) -> bool:
        """True when a name is one of the allowed hosts."""
        name = host.rstrip(".").lower()
        for pattern in self.allowed_hosts:
            wanted, _, wanted_port = pattern.lower().partition(":")
            if wanted_port and wanted_port != str(port):
                continue
            if name == wanted or (wanted.startswith("*.") and name.endswith(wanted[1:])):
                return True
        return False

    def refusal(self, address: str, port: int, *, trusted_host: bool = False) -> str | None:
        """The reason why this numeric address and port must not be connected to; None when they may be.

        `trusted_host`: the address was resolved from an allowed host.
        """
        if port in self.blocked_ports:
            return f"port {port} is blocked"
        parsed = _plain(address)
        if parsed is None:
            return f"{address} is not an address"
        if _in(parsed, self.blocked_networks):
            return f"{address} is in a blocked network"
        if trusted_host or _in(parsed, self.allowed_networks):
            return None
        if self.allow_loopback and _in(parsed, _LOOPBACK):
            return None
        if isinstance(parsed, IPv4Address):
            special = _in(parsed, _SPECIAL_IPV4)
        else:
            special = parsed not in _GLOBAL_IPV6 or _in(parsed, _SPECIAL_IPV6)
        return f"{address} is not a public address" if special else None


def _plain(address: str) -> IPv4Address | IPv6Address | None:
    """The address without its zone, as IPv4 where it only wraps one; None where it is no address."""
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return None
    if isinstance(parsed, IPv6Address) and parsed.ipv4_mapped is not None:
        return parsed.ipv4_mapped
    return parsed


def _in(address: IPv4Address | IPv6Address, networks: Sequence[Network]) -> bool:
    return any(address in network for network in networks if network.version == address.version)


class Addresses(NamedTuple):
    """The checked addresses of a host, at least one; `trusted`: the host is one of the allowed ones."""

    texts: tuple[str, ...]
    trusted: bool


async def checked_addresses(
    policy: DestinationPolicy, host: str, port: int, *, timeout: timedelta, lookup: Lookup | None = None
) -> Addresses:
    """The addresses of a name, all of them allowed by the policy, each once.

    `lookup` gives the addresses of a name; by default it asks the operating system. Raises `OSError` where there are
    none within `timeout`, and `BlockedAddress`, which is one, where the policy refuses any of them.
    """
    try:
        async with asyncio.timeout(timeout.total_seconds()):
            found = await (lookup or _system_lookup)(host, port)
    except TimeoutError as error:
        raise OSError(None, f"resolving {host} took more than {timeout.total_seconds():g} s") from error
    except UnicodeError as error:
        raise OSError(None, f"{host} is not a host name") from error
    if not found:
        raise OSError(None, f"{host} has no address")
    trusted = policy.allows_host(host, port)
    for address in found:
        refusal = policy.refusal(address, port, trusted_host=trusted)
        if refusal is not None:
            raise BlockedAddress(f"{host}: {refusal}")
    return Addresses(tuple(dict.fromkeys(found)), trusted)


async def _system_lookup(host: str, port: int) -> Sequence[str]:
    infos = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(info[4][0]) for info in infos]
