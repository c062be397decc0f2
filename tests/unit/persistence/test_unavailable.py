"""Telling an outage from a refusal: every error class of the drivers, sorted by what it means for a step."""

from collections.abc import Iterator

import asyncpg
import pytest
from redis import exceptions as redis_errors
from tortoise.exceptions import DBConnectionError, IntegrityError, OperationalError, TransactionManagementError

from domain.kernel.errors import LeaseLost, Unavailable
from domain.kernel.ids import new_id
from persistence.postgres.connections.unavailable import is_unavailable, translated
from persistence.redis.clients import REDIS_FAULTS

# By SQLSTATE, or the first two characters of a class of them.
OUTAGES = {
    "08",  # connections
    "25006",  # a server that is a replica just now
    "25P03",  # a transaction that was idle for too long
    "25P04",  # a transaction that took too long
    "26000",  # a statement that was prepared in another session
    "28000",  # a role that is not let in
    "28P01",  # a password that is being changed
    "3D000",  # a database that is being restored
    "40",  # deadlocks and serialization
    "42P05",  # a statement that another client of the session has prepared
    "53",  # out of disk, memory, connections
    "55P03",  # a lock that was not given in time
    "57",  # stops, crashes, time-outs of statements and sessions
    "58",  # the server's disk
}
OUTAGES_BY_NAME = {"InvalidCachedStatementError"}  # its SQLSTATE, 0A000, is that of a feature which is not there

DRIVER_OUTAGES = {
    "FatalPostgresError",
    "UnknownPostgresError",
    "InterfaceError",
    "UnsupportedClientFeatureError",
    "UnsupportedServerFeatureError",
    "InternalClientError",
    "ProtocolError",
    "TargetServerAttributeNotMatched",
    "OutdatedSchemaCacheError",
}


def family(kind: type[Exception]) -> Iterator[type[Exception]]:
    """A class and all that are derived from it."""
    yield kind
    for derived in kind.__subclasses__():
        yield from family(derived)


def means_outage(kind: type[Exception]) -> bool:
    state = getattr(kind, "sqlstate", None)
    if state is None:
        return kind.__name__ in DRIVER_OUTAGES
    return state in OUTAGES or state[:2] in OUTAGES or kind.__name__ in OUTAGES_BY_NAME


SERVER_ERRORS = list(dict.fromkeys(family(asyncpg.PostgresError)))
DRIVER_ERRORS = list(dict.fromkeys([*family(asyncpg.InterfaceError), *family(asyncpg.InternalClientError)]))


@pytest.mark.parametrize("kind", [*SERVER_ERRORS, *DRIVER_ERRORS], ids=lambda kind: kind.__name__)
def test_each_error_of_the_driver_is_an_outage_or_a_refusal(kind: type[Exception]) -> None:
    assert is_unavailable(kind("said so")) is means_outage(kind)


def test_the_driver_has_errors_of_both_sorts() -> None:
    outages = [kind for kind in (*SERVER_ERRORS, *DRIVER_ERRORS) if means_outage(kind)]
    assert len(outages) > 40
    assert len(SERVER_ERRORS) > 2 * len(outages)


@pytest.mark.parametrize(
    "error",
    [
        ConnectionResetError("reset by peer"),
        BrokenPipeError("broken pipe"),
        ConnectionRefusedError("refused"),
        TimeoutError(),
        EOFError("the other side is gone"),
        OSError(113, "no route to host"),
        RuntimeError("unable to perform operation on <TCPTransport closed=True>; the handler is closed"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_an_error_of_the_network_is_an_outage(error: Exception) -> None:
    with pytest.raises(Unavailable, match="PostgreSQL cannot be reached"), translated():
        raise error


@pytest.mark.parametrize(
    "error",
    [ValueError("U+0000"), RuntimeError("a bug"), KeyError("a bug"), LeaseLost(new_id(), 1)],
    ids=lambda error: type(error).__name__,
)
def test_an_error_of_ours_stays_what_it_is(error: Exception) -> None:
    with pytest.raises(type(error)), translated():
        raise error


@pytest.mark.parametrize(
    ("wrapper", "cause", "is_outage"),
    [
        (TransactionManagementError, asyncpg.IdleInTransactionSessionTimeoutError("idle"), True),
        (TransactionManagementError, asyncpg.ReadOnlySQLTransactionError("a replica"), True),
        (TransactionManagementError, asyncpg.InFailedSQLTransactionError("a bug"), False),
        (DBConnectionError, asyncpg.InvalidCatalogNameError("no such database"), True),
        (OperationalError, asyncpg.DuplicatePreparedStatementError("a pooler"), True),
        (OperationalError, asyncpg.UndefinedTableError("not migrated"), False),
        (IntegrityError, asyncpg.UniqueViolationError("taken"), False),
    ],
)
def test_the_models_errors_are_what_they_wrap(wrapper: type[Exception], cause: Exception, is_outage: bool) -> None:
    error = wrapper(str(cause))
    error.__cause__ = cause
    assert is_unavailable(error) is is_outage
    assert not is_unavailable(wrapper("by itself"))


def test_a_pooler_in_transaction_mode_is_named() -> None:
    with (
        pytest.raises(Unavailable, match=r"pooler in transaction mode.*STEPGRAPH_DATABASE_POOLER to transaction"),
        translated(),
    ):
        raise asyncpg.InvalidSQLStatementNameError('prepared statement "__asyncpg_stmt_1__" does not exist')


@pytest.mark.parametrize("kind", list(family(redis_errors.RedisError)), ids=lambda kind: kind.__name__)
def test_whatever_redis_says_no_with_is_an_outage_of_redis(kind: type[Exception]) -> None:
    assert issubclass(kind, REDIS_FAULTS)
