"""Stream tickets: read by who has the key, while they last, exactly as they were written."""

from datetime import UTC, datetime, timedelta

import pytest

from domain.access.stream_tickets import StreamTicket, read_ticket

NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)
TICKET = StreamTicket(bytes(range(32)), NOON + timedelta(minutes=10))


@pytest.mark.parametrize("digest", [bytes(range(32)), None])
def test_a_ticket_is_read_as_it_was_written(digest: bytes | None) -> None:
    ticket = StreamTicket(digest, NOON + timedelta(minutes=10))

    assert read_ticket(b"key", ticket.write(b"key"), NOON) == ticket


def test_a_ticket_ends() -> None:
    text = TICKET.write(b"key")

    assert read_ticket(b"key", text, TICKET.expires_at - timedelta(seconds=1)) is not None
    assert read_ticket(b"key", text, TICKET.expires_at) is None


def test_no_changed_ticket_is_read() -> None:
    text = TICKET.write(b"key")

    changed = [text[:place] + ("A" if text[place] != "A" else "B") + text[place + 1 :] for place in range(len(text))]
    assert [each for each in changed if read_ticket(b"key", each, NOON)] == []
    assert read_ticket(b"another key", text, NOON) is None


@pytest.mark.parametrize("text", ["", "A", "é", "AAAA", "!" * 50, "A" * 5_000, "=" * 40, "\0"])
def test_what_is_no_ticket_is_none(text: str) -> None:
    assert read_ticket(b"key", text, NOON) is None
