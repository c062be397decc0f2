"""The API process: where it listens, who may ask it, what it serves."""

from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings

from graphql_api.edge.hosts import authority_of, normal_origin
from stepgraph.settings.types import CommaSeparated, is_loopback, networks


class ApiSettings(BaseSettings):
    """The API process, and how clients find it."""

    host: str = Field("127.0.0.1", description="The address the API listens on.")
    port: int = Field(8000, ge=0, le=65535, description="The port the API listens on; 0 takes a free one.")
    public_url: str | None = Field(
        None,
        description="The address at which others reach the API; callback addresses begin with it. Default: `http://<host>:<port>`.",
    )
    url: str = Field("http://127.0.0.1:8000", description="The address at which the client commands find the API.")
    token: SecretStr | None = Field(None, description="The token of an API key, for the client commands.")
    allowed_origins: CommaSeparated = Field(
        (),
        description="Origins of other sites whose pages may use /graphql, as `https://app.example.com`; `*` for all,"
        " where keys are asked for.",
    )
    allowed_hosts: CommaSeparated = Field(
        (),
        description="Names under which an API that asks for no keys may be asked, besides this machine's and the public"
        " URL's.",
    )
    trusted_proxies: CommaSeparated = Field(
        (), description="Networks of proxies whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed."
    )
    require_keys: bool | None = Field(
        None,
        description="Make the API ask for keys. Default: only when it listens on an address that others can reach.",
    )
    console: bool = Field(True, description="Serve the web console at / and below.")
    graphiql: bool = Field(True, description="Serve GraphiQL at /graphiql.")
    prometheus: bool = Field(True, description="Serve /metrics, for Prometheus, from the API.")

    @field_validator("public_url")
    @classmethod
    def _is_an_address(cls, value: str | None) -> str | None:
        if value is None:
            return None
        parts = urlsplit(value)
        if parts.scheme not in ("http", "https") or not parts.hostname or "@" in value or "?" in value or "#" in value:
            raise ValueError("must be an address such as https://flows.example.com")
        return value.rstrip("/")

    @field_validator("allowed_origins")
    @classmethod
    def _are_origins(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(normal_origin(each) for each in value)

    @field_validator("allowed_hosts")
    @classmethod
    def _are_hosts(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for each in value:
            if authority_of(each) is None:
                raise ValueError(f"must be names such as flows.example.com, and {each!r} is none")
        return value

    @field_validator("trusted_proxies")
    @classmethod
    def _are_networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return networks(value)

    @property
    def asks_for_keys(self) -> bool:
        """True when the API asks for keys: as it is set, or by default when it listens for other machines."""
        return not is_loopback(self.host) if self.require_keys is None else self.require_keys
