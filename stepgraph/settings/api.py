"""The API process: where it listens, who may ask it, what it serves."""

from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings

from stepgraph.settings.types import CommaSeparated, is_loopback


class ApiSettings(BaseSettings):
    """The API process, and how clients find it."""

    host: str = Field("127.0.0.1", description="The address the API listens on.")
    port: int = Field(8000, ge=0, le=65535, description="The port the API listens on; 0 takes a free one.")
    public_url: str | None = Field(
        None,
        description="Where others reach the API: what callback addresses begin with. Default: `http://<host>:<port>`.",
    )
    url: str = Field("http://127.0.0.1:8000", description="Where the client commands find the API.")
    token: SecretStr | None = Field(None, description="The token of an API key, for the client commands.")
    allowed_origins: CommaSeparated = Field(
        (), description="Origins of other sites whose pages may open WebSockets, separated by commas."
    )
    require_keys: bool | None = Field(
        None,
        description="Whether the API asks for keys. Default: where it listens on an address that others can reach.",
    )
    graphiql: bool = Field(True, description="Whether the API serves GraphiQL at /graphiql.")
    prometheus: bool = Field(True, description="Whether the API serves /metrics, for Prometheus.")

    @field_validator("public_url")
    @classmethod
    def _is_an_address(cls, value: str | None) -> str | None:
        if value is None:
            return None
        parts = urlsplit(value)
        if parts.scheme not in ("http", "https") or not parts.hostname or "@" in value or "?" in value or "#" in value:
            raise ValueError("must be an address such as https://flows.example.com")
        return value.rstrip("/")

    @property
    def asks_for_keys(self) -> bool:
        """Whether the API asks for keys: as it is set, or where it listens for others than this machine."""
        return not is_loopback(self.host) if self.require_keys is None else self.require_keys
