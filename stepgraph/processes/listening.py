"""The sockets that an API listens on, made before its process and kept over its restarts."""

import errno
import socket
import time
from collections.abc import Sequence

from domain.kernel.errors import Conflict

_BACKLOG = 2048
_PATIENCE = 1.0
"""Seconds for which a port is tried that a predecessor, just killed, may still hold."""
_NOT_HERE = (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)


def listen(host: str, port: int) -> list[socket.socket]:
    """Listen on each address of this machine that `host` stands for, on the same port; 0 takes a free one.

    While no process accepts, connections wait. Raises `Conflict` where the port is taken, or `host` is not ours.
    """
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            return _all_of(host, port)
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                reason = error.strerror or str(error)
                raise Conflict(f"Nothing can listen on port {port} of {host}: {reason}.") from error
            if time.monotonic() > deadline:
                message = f"Port {port} of {host} is taken. Stop what listens there, or choose another: --port."
                raise Conflict(message) from error
        time.sleep(0.05)


def port_of(sockets: Sequence[socket.socket]) -> int:
    """The port that they share."""
    return int(sockets[0].getsockname()[1])


def _all_of(host: str, port: int) -> list[socket.socket]:
    sockets: list[socket.socket] = []
    missing: OSError | None = None
    found = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    try:
        for family, _, _, _, address in dict.fromkeys(found):
            try:
                sockets.append(_one(family, (address[0], port_of(sockets) if sockets else port, *address[2:])))
            except OSError as error:
                if error.errno not in _NOT_HERE:
                    raise
                missing = error  # as ::1 is on a machine without IPv6
        if missing is not None and not sockets:
            raise missing
    except OSError:
        for sock in sockets:
            sock.close()
        raise
    return sockets


def _one(family: int, address: tuple[object, ...]) -> socket.socket:
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.bind(address)
        sock.listen(_BACKLOG)
    except OSError:
        sock.close()
        raise
    return sock
