"""The address of a request's client: the peer of its connection, or the client that a trusted proxy names."""

from collections.abc import Iterable
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

_MOST_HOPS = 20


class Networks:
    """Networks that the settings name. An IPv4 address that is mapped into IPv6 counts as IPv4."""

    def __init__(self, networks: Iterable[str]) -> None:
        self._networks: tuple[IPv4Network | IPv6Network, ...] = tuple(ip_network(each) for each in networks)
        self._holds = lru_cache(maxsize=4_096)(self._look_up)

    def __contains__(self, address: object) -> bool:
        return bool(self._networks) and isinstance(address, str) and len(address) < 100 and self._holds(address)

    def _look_up(self, address: str) -> bool:
        try:
            parsed = ip_address(address.partition("%")[0])
        except ValueError:
            return False
        mapped = parsed.ipv4_mapped if isinstance(parsed, IPv6Address) else None
        return any((mapped or parsed) in network for network in self._networks)


def client_behind(peer: str, forwarded_for: Iterable[bytes], proxies: Networks) -> str:
    """The address of the client of a trusted proxy: in `X-Forwarded-For` the last that is no trusted proxy itself.

    Entries before that one could be forged. An entry that is no address ends the search.
    """
    hops = b",".join(forwarded_for).decode("latin-1").rsplit(",", _MOST_HOPS)[-_MOST_HOPS:]
    client = peer
    for hop in reversed(hops):
        address = _address_of(hop.strip())
        if address is None:
            return client
        client = address
        if client not in proxies:
            return client
    return client


def _address_of(hop: str) -> str | None:
    """The address in one entry, which may have a port."""
    if hop.startswith("["):
        hop = hop[1:].partition("]")[0]
    elif hop.count(":") == 1:
        hop = hop.partition(":")[0]
    try:
        return str(ip_address(hop))
    except ValueError:
        return None
