"""Reads a response's body under a cap that holds after decompression, so that no small answer can fill the memory."""

import asyncio
import zlib
from collections.abc import AsyncIterable

from actors.http.failures import InvalidExchange
from domain.kernel.failures import FailureCode

_GZIP_WINDOW_BITS = 31
_COMPRESSED_EXTRA = 64 * 1024
"""Bytes by which a compressed body may be larger than what may come out of it: gzip's own overhead is far smaller."""
_MOST_EMPTY_MEMBERS = 100
_CHUNKS_AT_A_TIME = 16


async def read_body(stream: AsyncIterable[bytes], *, encoding: str | None, limit: int) -> bytes:
    """The decompressed body.

    `encoding` is the Content-Encoding: none, or gzip once. Others, and several on top of each other, are refused.
    Raises `InvalidExchange` (RESPONSE_TOO_LARGE, INVALID_RESPONSE), and what the stream raises.
    """
    reader = _reader(encoding, limit)
    chunks = 0
    async for chunk in stream:
        chunks += 1
        if chunks % _CHUNKS_AT_A_TIME == 0:
            await asyncio.sleep(0)  # a service that sends without a pause must not keep the others waiting
        if not reader.feed(chunk):
            raise InvalidExchange(FailureCode.RESPONSE_TOO_LARGE, f"the body is larger than {limit} bytes")
    return reader.finished()


async def read_excerpt(stream: AsyncIterable[bytes], *, encoding: str | None, limit: int) -> tuple[bytes, bool]:
    """The first `limit` bytes of a body at most, and True when something is missing, for whatever reason."""
    try:
        reader = _reader(encoding, limit)
    except InvalidExchange:
        return b"", True
    try:
        async for chunk in stream:
            if not reader.feed(chunk):
                return reader.taken()[:limit], True
        return reader.finished(), False
    except InvalidExchange:
        return reader.taken(), True


class _Reader:
    """Collects a body that is sent as it is."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._first = b""
        self._rest = bytearray()
        self._size = 0

    def feed(self, chunk: bytes) -> bool:
        """Take a chunk; False when the body is now over the limit."""
        if self._size:
            self._rest += chunk
        else:
            self._first = chunk
        self._size += len(chunk)
        return self._size <= self._limit

    def taken(self) -> bytes:
        """The bytes that were collected so far."""
        return self._first + self._rest if self._rest else self._first

    def finished(self) -> bytes:
        """The whole body, at its end."""
        return self.taken()


class _GzipReader(_Reader):
    """Collects a gzip body (RFC 1952: one or more members) and never inflates more than the limit and one byte.

    What is inflated costs no more than its limit allows: neither may the compressed bytes be many more than that, nor
    the members that hold nothing be many.
    """

    def __init__(self, limit: int) -> None:
        super().__init__(limit)
        self._inflater = zlib.decompressobj(_GZIP_WINDOW_BITS)
        self._is_started = False
        self._compressed_left = limit + _COMPRESSED_EXTRA
        self._empty_members_left = _MOST_EMPTY_MEMBERS
        self._size_before = 0

    def feed(self, chunk: bytes) -> bool:
        self._is_started = True
        self._compressed_left -= len(chunk)
        if self._compressed_left < 0:
            return False
        while chunk:
            if self._inflater.eof:
                self._next_member()
            try:
                piece = self._inflater.decompress(chunk, self._limit - self._size + 1)
            except zlib.error as error:
                raise InvalidExchange(
                    FailureCode.INVALID_RESPONSE, "the body is not the gzip it claims to be"
                ) from error
            if not super().feed(piece):
                return False
            chunk = self._inflater.unconsumed_tail or self._inflater.unused_data
        return True

    def _next_member(self) -> None:
        if self._size == self._size_before:
            self._empty_members_left -= 1
            if self._empty_members_left < 0:
                why = f"the gzip body has more than {_MOST_EMPTY_MEMBERS} members with nothing in them"
                raise InvalidExchange(FailureCode.INVALID_RESPONSE, why)
        self._size_before = self._size
        self._inflater = zlib.decompressobj(_GZIP_WINDOW_BITS)

    def finished(self) -> bytes:
        if self._is_started and not self._inflater.eof:
            raise InvalidExchange(FailureCode.INVALID_RESPONSE, "the gzip body ends too early")
        return super().finished()


def _reader(encoding: str | None, limit: int) -> _Reader:
    match encoding.strip().lower() if encoding else "":
        case "" | "identity":
            return _Reader(limit)
        case "gzip" | "x-gzip":
            return _GzipReader(limit)
        case other:
            why = f"the content encoding {other[:40]!r} is not supported, only gzip is"
            raise InvalidExchange(FailureCode.INVALID_RESPONSE, why)
