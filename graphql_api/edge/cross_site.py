"""Refusing queries by GET that a page of another site has made a browser send.

An image, a script or a form of any page can lead to a GET of any address. It cannot read the answer, but an API that
asks for no keys would have done the work. A POST needs no such rule: its Content-Type causes a CORS preflight.

Headers that the browser itself sets decide: `Sec-Fetch-Site` (https://www.w3.org/TR/fetch-metadata/), which pages can
neither set nor leave out, or `Origin`. Browsers send the former to addresses that are secure or on this machine; others
require a header that no image or form can have. A request with `Authorization` is never somebody else's: browsers do
not add one by themselves, and a page that has the key needs no trick.
"""

from collections.abc import Collection, Mapping
from ipaddress import ip_address
from urllib.parse import urlsplit

from domain.kernel.http.media_types import media_type

ASKED_FOR_BY = ("content-type", "x-requested-with", "graphql-require-preflight", "apollo-require-preflight")
"""Headers that a browser sends to another site only after a CORS preflight."""

_OWN = ("same-origin", "none")
_SIMPLE_TYPES = ("", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data")


def is_forgeable(headers: Mapping[str, str], allowed_origins: Collection[str]) -> bool:
    """True when a page of another site may have caused this GET. The names in `headers` are in lower case."""
    if headers.get("authorization"):
        return False
    origin = headers.get("origin")
    if origin is not None and ("*" in allowed_origins or origin.lower() in allowed_origins):
        return False
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site not in _OWN
    host = headers.get("host", "")
    if origin is not None:
        return urlsplit(origin.lower()).netloc != host.lower()
    return not (_is_this_machine(host) or _is_preflighted(headers))


def _is_preflighted(headers: Mapping[str, str]) -> bool:
    sent = media_type(headers.get("content-type", "")).name
    return sent not in _SIMPLE_TYPES or any(headers.get(name) for name in ASKED_FOR_BY[1:])


def _is_this_machine(host: str) -> bool:
    try:
        name = urlsplit(f"//{host}").hostname or ""
        return name == "localhost" or name.endswith(".localhost") or ip_address(name).is_loopback
    except ValueError:
        return False
