"""The end of a connection: the cases in which its client is given time to read, and the end of that time."""

from datetime import timedelta
from typing import Any, cast

import pytest

from graphql_api.budgets import RequestBudgets
from graphql_api.edge.lingering import LingeringTransport

BUDGETS = RequestBudgets(
    linger_timeout=timedelta(seconds=7), linger_silence=timedelta(seconds=3), max_linger_bytes=5_000
)


class Socket:
    """A transport that notes what is done to it."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.waiting = 0
        self.now = 100.0

    def __getattr__(self, name: str) -> Any:
        return lambda *_: self.done.append(name)

    def is_closing(self) -> bool:
        return "close" in self.done or "abort" in self.done

    def can_write_eof(self) -> bool:
        return True

    def get_write_buffer_size(self) -> int:
        return self.waiting


@pytest.fixture
def socket() -> Socket:
    """A socket that is open."""
    return Socket()


def lingering(socket: Socket, *, may_be_sending: bool = True) -> LingeringTransport:
    """A transport that was closed."""
    transport = LingeringTransport(cast("Any", socket), BUDGETS, lambda: socket.now, lambda: may_be_sending)
    transport.close()
    return transport


def test_a_client_that_has_said_all_is_closed_for_at_once(socket: Socket) -> None:
    lingering(socket, may_be_sending=False)
    assert socket.done == ["close"]


def test_our_side_alone_ends_where_the_client_may_still_be_sending(socket: Socket) -> None:
    transport = lingering(socket)
    assert (socket.done, transport.is_closing()) == (["write_eof", "resume_reading"], True)


def test_nothing_is_said_after_the_last_word_and_reading_never_stops(socket: Socket) -> None:
    transport = lingering(socket)
    socket.done.clear()
    transport.write(b"more")
    transport.pause_reading()
    transport.close()
    transport.linger()
    assert socket.done == []


def test_silence_ends_it(socket: Socket) -> None:
    transport = lingering(socket)
    transport.look(socket.now + 3)
    assert "abort" not in socket.done
    transport.look(socket.now + 3 + 0.1)
    assert "abort" in socket.done


def test_drops_do_not_prolong_it_for_ever(socket: Socket) -> None:
    transport = lingering(socket)
    began = socket.now
    while "abort" not in socket.done:
        socket.now += 1
        transport.drop(b"x")
        transport.look(socket.now)
    assert 7 < socket.now - began <= 8


def test_bytes_end_it(socket: Socket) -> None:
    transport = lingering(socket)
    transport.drop(b"x" * 5_000)
    assert "abort" not in socket.done
    transport.drop(b"x")
    assert "abort" in socket.done


def test_the_time_begins_when_the_last_word_is_sent(socket: Socket) -> None:
    transport = lingering(socket)
    socket.waiting = 5_000_000
    transport.look(socket.now + 20)
    socket.waiting = 0
    transport.look(socket.now + 20 + 3)
    assert "abort" not in socket.done
    transport.look(socket.now + 20 + 3 + 0.1)
    assert "abort" in socket.done
