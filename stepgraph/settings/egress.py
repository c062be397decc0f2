"""Calls to other services: connections, and where they may lead."""

from ipaddress import ip_network

from pydantic import Field, FilePath, field_validator
from pydantic_settings import BaseSettings

from actors.http.library import HttpTransport
from stepgraph.settings.types import CommaSeparated


class EgressSettings(BaseSettings):
    """Calls to other services."""

    http_connections: int = Field(1000, ge=1, description="Connections to called services that a worker keeps.")
    http_transport: HttpTransport = Field(
        HttpTransport.WREQ,
        description="What calls services: wreq, in native code and with HTTP/2, or httpx over aiohttp.",
    )
    http_ca_file: FilePath | None = Field(
        None,
        description="A file of authorities' certificates, as PEM, to trust for called services instead of Mozilla's.",
    )
    egress_allow_loopback: bool = Field(
        False, description="Let steps call services on this machine; `dev` and `demo` allow it."
    )
    egress_allowed_networks: CommaSeparated = Field(
        (), description="Private networks that steps may call, as CIDRs separated by commas."
    )
    egress_allowed_hosts: CommaSeparated = Field(
        (), description="Host names that steps may call wherever they point, separated by commas."
    )

    @field_validator("egress_allowed_networks")
    @classmethod
    def _are_networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for network in value:
            try:
                ip_network(network)
            except ValueError as error:
                raise ValueError(f"must be networks such as 10.0.0.0/8: {error}") from error
        return value
