"""The URLs of outgoing requests: checked, and sent as they were written.

A service that signs the URL it was asked for wants the very escapes that the author wrote, so none is rewritten, no
segment is resolved, and only what no request line can carry (blanks, letters beyond ASCII, a `%` that escapes nothing)
is escaped.
"""

import re
from dataclasses import dataclass, field
from functools import lru_cache
from ipaddress import ip_address
from urllib.parse import quote, unquote_plus, urljoin

import httpx

from actors.http.failures import InvalidExchange
from domain.kernel.failures import FailureCode

MAX_URL_LENGTH = 16 * 1024
"""The most characters of a URL."""

_LONGEST_KNOWN = 1024
_MOST_KNOWN = 2048
"""The number of parsed URLs that are kept: the same few are called again and again."""

_DEFAULT_PORTS = {"http": 80, "https": 443}
_PARTS = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):(?://([^/?#\\]*)([^#]*))?", re.DOTALL)
_HOST = re.compile(rb"[A-Za-z0-9._-]+|[0-9A-Fa-f:.]+")  # httpx leaves the brackets of an IPv6 address out
_NUMBERS = re.compile(r"[0-9.]+")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_ESCAPABLE = re.compile(r"""%(?![0-9A-Fa-f]{2})|[^!#$%&'()*+,\-./0-9:;=?@A-Z\[\]_a-z~]""")


@dataclass(frozen=True, slots=True)
class HttpUrl:
    """An absolute http or https address without user, password and fragment.

    `host` is lower-case, in ASCII, and an IPv6 address has no brackets; `is_address` says that it is one. `target` is
    the path and the query as they are sent; `site` is the address without either, and `text` the whole. What may hold a
    secret is not in the representation.
    """

    scheme: str
    host: str = field(repr=False)
    port: int
    is_address: bool
    target: str = field(repr=False)
    site: httpx.URL = field(repr=False, compare=False)
    text: str = field(repr=False, compare=False)

    @staticmethod
    def parse(text: str) -> "HttpUrl":
        """The address in a text. Raises `InvalidExchange` (INVALID_REQUEST) where it cannot be called."""
        return _known(text) if len(text) <= _LONGEST_KNOWN else _parsed(text)

    @property
    def origin(self) -> tuple[str, str, int]:
        """Scheme, host and port (RFC 6454)."""
        return self.scheme, self.host, self.port


def joined_url(base: str, reference: str) -> str:
    """The URL that a reference leads to from the page at `base` (RFC 3986, section 5), without a fragment.

    Raises `ValueError` where that is no URL.
    """
    joined = urljoin(base, reference).partition("#")[0]
    try:
        httpx.URL(joined)
    except httpx.InvalidURL as error:
        raise ValueError(str(error)) from error
    return joined


def is_same_origin(url: str, other: str) -> bool:
    """True when two URLs have the same scheme, host and port (RFC 6454); False where one cannot be called."""
    try:
        return HttpUrl.parse(url).origin == HttpUrl.parse(other).origin
    except InvalidExchange:
        return False


def without_parameters(url: str, names: frozenset[str]) -> str:
    """The URL without the query parameters of these names, the others as they are written."""
    base, _, query = url.partition("#")[0].partition("?")
    kept = [pair for pair in query.split("&") if pair and unquote_plus(pair.partition("=")[0]) not in names]
    return f"{base}?{'&'.join(kept)}" if kept else base


def _parsed(text: str) -> HttpUrl:
    if len(text) > MAX_URL_LENGTH:
        raise _invalid(f"the URL is longer than {MAX_URL_LENGTH} characters")
    if _CONTROL.search(text):
        raise _invalid("the URL holds a line break or another control character")
    parts = _PARTS.match(text)
    scheme = parts[1].lower() if parts else ""
    if scheme not in _DEFAULT_PORTS:
        raise _invalid(f"the URL's scheme is {scheme[:40] or 'missing'}, it must be http or https")
    authority, rest = (parts[2] or "", parts[3] or "") if parts else ("", "")
    if rest.startswith("\\"):
        raise _invalid("the URL's host ends in a backslash, which programs read in different ways")
    if "@" in authority:
        raise _invalid("the URL holds a user or a password; use auth instead")
    try:
        site = httpx.URL(f"{scheme}://{authority.lower()}/")  # names in other alphabets, ports, addresses
        target = _escaped(rest if rest.startswith("/") else f"/{rest}")
    except (httpx.InvalidURL, ValueError) as error:
        # The error quotes what it could not read, in lower case: a secret in it would not be known again.
        raise _invalid("the URL's host or port is malformed") from error
    if site.userinfo or not _HOST.fullmatch(site.raw_host) or site.path != "/":
        raise _invalid("the URL's host is not a name or an address")
    if site.port is not None and not 0 < site.port < 65_536:
        raise _invalid("the URL's port is not between 1 and 65,535")
    host = site.raw_host.decode()
    is_address = _is_address(host)
    if _NUMBERS.fullmatch(host) and not is_address:
        raise _invalid("the URL's host is a number, which programs read as different addresses")
    return HttpUrl(
        scheme=scheme,
        host=host,
        port=site.port or _DEFAULT_PORTS[scheme],
        is_address=is_address,
        target=target,
        site=site,
        text=f"{str(site)[:-1]}{target}",
    )


_known = lru_cache(maxsize=_MOST_KNOWN)(_parsed)


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _escaped(target: str) -> str:
    return _ESCAPABLE.sub(lambda found: quote(found[0], safe=""), target)


def _invalid(why: str) -> InvalidExchange:
    return InvalidExchange(FailureCode.INVALID_REQUEST, why)
