"""The choice of the library that calls services: settings name it, so nothing of it is imported with this module."""

from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from actors.http.destinations import DestinationPolicy
    from actors.http.transport import ConnectionOptions, Transport


class HttpTransport(StrEnum):
    """The library that calls services: httpx over aiohttp, or wreq, in native code."""

    HTTPX = "httpx"
    WREQ = "wreq"


def open_transport(name: HttpTransport, policy: "DestinationPolicy", options: "ConnectionOptions") -> "Transport":
    """A transport of the library of this name, which is only then imported. Called where the event loop runs."""
    match name:
        case HttpTransport.WREQ:
            from actors.http.wreq_transport import WreqTransport

            return WreqTransport(policy, options)
        case HttpTransport.HTTPX:
            from actors.http.httpx_transport import HttpxTransport

            return HttpxTransport(policy, options)
