"""Redis's address: what is understood in it, and what is refused before anything connects."""

import difflib
from collections.abc import Callable, Iterator, Mapping
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from persistence.redis.sentinels import SCHEMES, is_of_sentinels, sentinel_address

_SCHEMES = ("redis", "rediss", "unix", *SCHEMES)
_LARGEST_PORT = 65_535
_USUAL_PORT = 6379


def redis_address(value: str) -> str:
    """Return the address unchanged when no part of it would be ignored; else raise `ValueError` with the reason."""
    parts = urlsplit(value)
    if parts.scheme not in _SCHEMES:
        raise ValueError("must start with redis://, rediss://, redis+sentinel://, rediss+sentinel:// or unix://")
    if parts.fragment:
        raise ValueError("has a # in it: write it as %23")
    given: set[str] = set()
    for name, text in parse_qsl(parts.query, keep_blank_values=True):
        if name in given:
            raise ValueError(f"has the parameter {name} more than once")
        given.add(name)
        _check_parameter(parts.scheme, name, text)
    if is_of_sentinels(value):
        address = sentinel_address(value)
        _check_place(urlsplit(address.data_url), has_number="db" in given)
    elif parts.scheme == "unix":
        if not parts.path:
            raise ValueError("names no socket: write unix:///path/to/socket")
    else:
        _check_place(parts, has_number="db" in given)
    return value


def ports_of(address: str) -> Iterator[int]:
    """The ports of all servers that an address names; none for a socket. A primary's is the usual one, if any."""
    if is_of_sentinels(address):
        yield _USUAL_PORT
        yield from (port for _, port in sentinel_address(address).sentinels)
    else:
        parts = urlsplit(address)
        if parts.hostname is not None:
            yield parts.port or _USUAL_PORT


def _check_parameter(scheme: str, name: str, text: str) -> None:
    if name not in _PARAMETERS:
        near = difflib.get_close_matches(name, _PARAMETERS, n=1)
        hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(sorted(_PARAMETERS))}"
        raise ValueError(f"has the parameter {name}, which is not understood here: {hint}")
    if not text:
        raise ValueError(f"has no value for the parameter {name}: give it one, or leave it out")
    if name.startswith("sentinel_") and scheme not in SCHEMES:
        raise ValueError(
            f"has the parameter {name}, which is of Sentinel alone: write redis+sentinel://, or leave it out"
        )
    if name.startswith("ssl_") and not scheme.startswith("rediss"):
        raise ValueError(f"has the parameter {name}, which is of TLS alone: write rediss://, or leave it out")
    form, is_right = _PARAMETERS[name]
    if not is_right(text):
        # No text of a secret is shown: a password has no form that it could miss.
        raise ValueError(f"has {name}={text}: it must be {form}")


def _check_place(parts: SplitResult, *, has_number: bool) -> None:
    """Check the host, the port and the number of the database, which stands in the path or among the parameters."""
    if not parts.hostname:
        raise ValueError("names no host")
    try:
        is_port = parts.port is None or 0 < parts.port <= _LARGEST_PORT
    except ValueError:
        is_port = False
    if not is_port:
        raise ValueError(f"has a port that is none: it must be a number from 1 to {_LARGEST_PORT}")
    path = unquote(parts.path).strip("/")
    if path and has_number:
        raise ValueError("names its database twice, in the path and as db: leave one of them out")
    if path and not _is_whole(path):
        raise ValueError(f"has the database {path!r}: it must be a whole number, such as /0")


def _is_whole(text: str) -> bool:
    return text.isascii() and text.isdecimal()


def _is_positive(text: str) -> bool:
    return _is_whole(text) and int(text) > 0


def _is_seconds(text: str) -> bool:
    try:
        return 0 < float(text) < float("inf")
    except ValueError:
        return False


def _one_of(*values: str) -> tuple[str, Callable[[str], bool]]:
    return f"one of {', '.join(values)}", lambda text: text in values


_TEXT = ("a text", bool)
_SECONDS = ("a number of seconds", _is_seconds)
_COUNT = ("a whole number above 0", _is_positive)
_FLAG = _one_of("true", "false", "yes", "no", "1", "0")

_PARAMETERS: Mapping[str, tuple[str, Callable[[str], bool]]] = {
    "client_name": _TEXT,
    "db": ("a whole number", _is_whole),
    "health_check_interval": ("a whole number of seconds", _is_whole),
    "max_connections": _COUNT,
    "password": _TEXT,
    "protocol": _one_of("2", "3"),
    "sentinel_password": _TEXT,
    "sentinel_username": _TEXT,
    "socket_connect_timeout": _SECONDS,
    "socket_keepalive": _FLAG,
    "socket_read_size": _COUNT,
    "socket_timeout": _SECONDS,
    "ssl_ca_certs": _TEXT,
    "ssl_ca_data": _TEXT,
    "ssl_ca_path": _TEXT,
    "ssl_cert_reqs": _one_of("required", "optional", "none"),
    "ssl_certfile": _TEXT,
    "ssl_check_hostname": _FLAG,
    "ssl_ciphers": _TEXT,
    "ssl_keyfile": _TEXT,
    "ssl_password": _TEXT,
    "username": _TEXT,
}
"""The parameters with the form that their values have."""
