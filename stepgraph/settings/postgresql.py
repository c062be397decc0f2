"""PostgreSQL's address: what of libpq's language is understood in it, and what is refused before anything connects."""

import os
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

DEFAULT_PORT = 5432

_OWN_LIMITS = "leave it out, for Stepgraph sets its own time limits"
_NOT_UNDERSTOOD = {
    **dict.fromkeys(
        ("connect_timeout", "keepalives", "keepalives_idle", "keepalives_interval", "keepalives_count"), _OWN_LIMITS
    ),
    "channel_binding": "leave it out, for the driver has none; sslmode=verify-full tells servers apart",
    "hostaddr": "name the address as the host",
    "load_balance_hosts": "leave it out; hosts are tried in their order",
    "fallback_application_name": "leave it out, for Stepgraph calls itself stepgraph",
    "replication": "leave it out",
    "pgbouncer": "leave it out, for a pooler is noticed; see STEPGRAPH_DATABASE_POOLER",
    "connection_limit": "leave it out, and set STEPGRAPH_DATABASE_POOL_SIZE",
    "pool_timeout": _OWN_LIMITS,
    "schema": "set it by options=-csearch_path%3DNAME",
    **dict.fromkeys(
        (
            "gssencmode",
            "gssdelegation",
            "requirepeer",
            "require_auth",
            "sslcompression",
            "sslsni",
            "sslcertmode",
            "sslcrldir",
            "sslkeylogfile",
            "requiressl",
            "scram_client_key",
            "scram_server_key",
            "min_protocol_version",
            "max_protocol_version",
            "oauth_issuer",
            "oauth_client_id",
            "oauth_client_secret",
            "oauth_scope",
        ),
        "leave it out, for the driver does not know it",
    ),
}
"""Parameters that libpq, or others who write such addresses, know and asyncpg would hand to the server as settings."""

_CHOICES = {
    "sslmode": ("disable", "allow", "prefer", "require", "verify-ca", "verify-full"),
    "sslnegotiation": ("postgres", "direct"),
    "client_encoding": ("UTF8", "utf8", "UTF-8", "utf-8"),
    "target_session_attrs": ("any", "primary", "read-write"),
    "ssl_min_protocol_version": ("TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"),
    "ssl_max_protocol_version": ("TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"),
}
"""The values of the parameters that have a few; of sessions, only those in which one can write."""

_VERIFIED = ("verify-ca", "verify-full")


def postgresql_address(value: str) -> str:
    """Return the address unchanged when every process reads it alike; else raise `ValueError` with the reason."""
    parts = urlsplit(value)
    if parts.scheme not in ("postgresql", "postgres"):
        raise ValueError("must start with postgresql://")
    for name, given in parse_qsl(parts.query, keep_blank_values=True):
        if not given:
            raise ValueError(f"has no value for the parameter {name}: give it one, or leave it out")
        if name in _NOT_UNDERSTOOD:
            raise ValueError(f"has the parameter {name}, which is not understood here: {_NOT_UNDERSTOOD[name]}")
        if name in _CHOICES and given not in _CHOICES[name]:
            raise ValueError(f"has {name}={given}: it must be one of {', '.join(_CHOICES[name])}")
    list(_hosts(parts))
    _check_certificates(_parameters(parts))
    return value


def ports_of(address: str) -> Iterator[int]:
    """The ports of all hosts that an address names, in its authority or its parameters; none for a socket's folder."""
    for host, port in _hosts(urlsplit(address)):
        if not host.startswith("/"):
            yield port


def _parameters(parts: SplitResult) -> Mapping[str, str]:
    return dict(parse_qsl(parts.query))


def _hosts(parts: SplitResult) -> Iterator[tuple[str, int]]:
    """The hosts with their ports: those of the authority, or else of the parameters. Raises `ValueError`."""
    given = _parameters(parts)
    named = parts.netloc.rpartition("@")[2]
    ports = given["port"].split(",") if "port" in given else []
    hosts = [_split(each) for each in (named or given.get("host", "")).split(",") if each]
    if len(ports) > 1 and len(ports) != len(hosts):
        raise ValueError(f"names {len(hosts)} hosts and {len(ports)} ports: name one port, or one for each host")
    for number, (host, port) in enumerate(hosts):
        text = port or (ports[min(number, len(ports) - 1)] if ports else str(DEFAULT_PORT))
        if not text.isascii() or not text.isdecimal() or not 0 < int(text) < 65536:
            raise ValueError(f"has the port {text!r}: it must be a number from 1 to 65535")
        yield host, int(text)


def _split(host: str) -> tuple[str, str]:
    """A host and its port, empty where it has none; an IPv6 address is in brackets."""
    host = unquote(host)
    if host.startswith("/"):
        return host, ""
    if host.startswith("["):
        name, _, rest = host[1:].partition("]")
        return name, rest.removeprefix(":")
    name, _, port = host.partition(":")
    return name, port


def _check_certificates(given: Mapping[str, str]) -> None:
    """Refuse files that are missing or unreadable: the driver reads them anew for each connection."""
    mode = given.get("sslmode") or os.environ.get("PGSSLMODE", "")
    if mode == "disable":
        return
    root = given.get("sslrootcert") or os.environ.get("PGSSLROOTCERT", "")
    if not root and mode in _VERIFIED:
        root = str(Path.home() / ".postgresql" / "root.crt")
        if not Path(root).exists():
            raise ValueError(
                f"has sslmode={mode}, for which a root certificate is needed: add sslrootcert=FILE, such as "
                "/etc/ssl/certs/ca-certificates.crt for the authorities that the system trusts"
            )
    context = ssl.create_default_context()
    for name, file in (("sslrootcert", root), ("sslcrl", given.get("sslcrl", ""))):
        if file:
            with _readable(name, file):
                context.load_verify_locations(cafile=file)
    if "sslcert" in given:
        with _readable("sslcert", given["sslcert"], given.get("sslkey", "")):
            context.load_cert_chain(given["sslcert"], given.get("sslkey"), lambda: given.get("sslpassword", ""))


@contextmanager
def _readable(name: str, *files: str) -> Iterator[None]:
    """Say of a file that cannot be used which parameter has named it."""
    try:
        yield
    except OSError as error:
        reason = "it holds no such PEM" if isinstance(error, ssl.SSLError) else error.strerror
        named = " with ".join(file for file in files if file)
        raise ValueError(f"has {name}={named}, which cannot be read: {reason}") from error
