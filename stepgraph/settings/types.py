"""Types that settings share, and what addresses are."""

from datetime import timedelta
from ipaddress import ip_address, ip_network
from typing import Annotated

from pydantic import BeforeValidator, Field
from pydantic_settings import NoDecode

MEBIBYTE = 1024 * 1024


def _seconds(value: object) -> object:
    """A number in a text as seconds; any other text as it is, which pydantic reads as ISO 8601."""
    try:
        return float(value) if isinstance(value, str) else value
    except ValueError:
        return value


def _parts(value: object) -> object:
    """The parts of a text between commas, without blanks around them and without empty ones."""
    return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value


Duration = Annotated[timedelta, BeforeValidator(_seconds), Field(ge=timedelta(milliseconds=1))]
CommaSeparated = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_parts)]


def networks(value: tuple[str, ...]) -> tuple[str, ...]:
    """Return the values unchanged when each is a network or an address. Raises `ValueError` otherwise."""
    for each in value:
        try:
            ip_network(each)
        except ValueError:
            raise ValueError(f"must be networks such as 10.0.0.0/8 or addresses, and {each!r} is neither") from None
    return value


def is_loopback(host: str) -> bool:
    """True for a host that only this machine reaches: a loopback address, or `localhost`."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
