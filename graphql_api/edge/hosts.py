"""Names under which the API answers, and origins of pages that may use it: reading `Host` and `Origin`.

A page on a name that its owner points at this machine (DNS rebinding) sends that name in both. An API that asks for no
keys therefore answers only under names that nobody else can own.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from urllib.parse import urlsplit

from graphql_api.edge.connections import is_loopback

_HOST = re.compile(r"(?P<name>\[[0-9a-f:.]{2,45}\]|[a-z0-9_](?:[a-z0-9_.-]{0,252}))(?::(?P<port>\d{1,5}))?", re.ASCII)
_DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Authority:
    """A name or an address, in lower case and without a dot at the end, and a port where one was given."""

    name: str
    port: int | None

    @property
    def address(self) -> IPv4Address | IPv6Address | None:
        """The address that the name is; None for names proper."""
        try:
            return ip_address(self.name)
        except ValueError:
            return None

    @property
    def is_loopback(self) -> bool:
        """True when it can be nothing but this machine."""
        return self.name == "localhost" or (self.address is not None and is_loopback(self.name))


Origin = tuple[str, Authority]
"""A scheme and an authority."""


def authority_of(text: str) -> Authority | None:
    """The name and the port in a `Host` header; None where it is not one name and at most a port."""
    found = _HOST.fullmatch(text.strip().lower())
    if found is None:
        return None
    name, port = found["name"], found["port"]
    if port is not None and int(port) > 65_535:
        return None
    if name.startswith("["):
        name = name[1:-1]
        try:
            name = str(IPv6Address(name))
        except ValueError:
            return None
    else:
        name = name.removesuffix(".")
    return Authority(name, None if port is None else int(port)) if name else None


def origin_of(text: str) -> Origin | None:
    """The origin of a page, always with its port; None for `null` and malformed ones."""
    scheme, found, rest = text.strip().lower().partition("://")
    authority = authority_of(rest) if found and scheme in ("http", "https") else None
    if authority is None:
        return None
    return scheme, Authority(authority.name, _DEFAULT_PORTS[scheme] if authority.port is None else authority.port)


def normal_origin(text: str) -> str:
    """An origin as browsers write it: in lower case, without a default port or a slash. Raises `ValueError`."""
    if text == "*":
        return text
    found = origin_of(text.removesuffix("/"))
    if found is None:
        raise ValueError(f"{text!r} is not an origin: write it like https://app.example.com")
    scheme, authority = found
    name = f"[{authority.name}]" if ":" in authority.name else authority.name
    return f"{scheme}://{name}" if authority.port == _DEFAULT_PORTS[scheme] else f"{scheme}://{name}:{authority.port}"


class KnownNames:
    """The names that an API is known under, besides this machine's: the public URL's, and those of the settings."""

    def __init__(self, public_url: str, hosts: Iterable[str]) -> None:
        given = (urlsplit(public_url).netloc.rpartition("@")[2], *hosts)
        self._names = frozenset(authority.name for authority in map(authority_of, given) if authority is not None)

    def __contains__(self, authority: object) -> bool:
        return isinstance(authority, Authority) and (authority.is_loopback or authority.name in self._names)
