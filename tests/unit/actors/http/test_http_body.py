"""Bodies of responses, read under a cap."""

import gzip
import tracemalloc
from collections.abc import AsyncIterator, Iterable

import pytest

from actors.http.body import read_body, read_excerpt
from actors.http.failures import InvalidExchange
from domain.kernel.failures import FailureCode


async def stream_of(pieces: Iterable[bytes], then: Exception | None = None) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece
    if then is not None:
        raise then


async def test_a_plain_body_is_given_as_it_came() -> None:
    assert await read_body(stream_of([b"ab", b"c"]), encoding=None, limit=3) == b"abc"
    assert await read_body(stream_of([]), encoding="identity", limit=3) == b""


async def test_a_body_over_the_limit_is_refused() -> None:
    with pytest.raises(InvalidExchange) as caught:
        await read_body(stream_of([b"ab", b"cd"]), encoding=None, limit=3)

    assert caught.value.code is FailureCode.RESPONSE_TOO_LARGE


async def test_gzip_is_inflated_however_it_is_cut() -> None:
    packed = gzip.compress(b"hello " * 1000) + gzip.compress(b"world")

    for size in (1, 7, len(packed)):
        pieces = [packed[start : start + size] for start in range(0, len(packed), size)]
        assert await read_body(stream_of(pieces), encoding="GZIP", limit=10_000) == b"hello " * 1000 + b"world"


async def test_a_small_bomb_never_inflates_beyond_the_limit() -> None:
    bomb = gzip.compress(bytes(50_000_000))
    tracemalloc.start()
    try:
        with pytest.raises(InvalidExchange) as caught:
            await read_body(stream_of([bomb]), encoding="gzip", limit=100_000)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert caught.value.code is FailureCode.RESPONSE_TOO_LARGE
    assert peak < 2_000_000


@pytest.mark.parametrize("encoding", ["gzip, gzip", "br", "deflate", "zstd", "gzip;q=1"])
async def test_other_and_chained_encodings_are_refused(encoding: str) -> None:
    with pytest.raises(InvalidExchange) as caught:
        await read_body(stream_of([b"x"]), encoding=encoding, limit=10)

    assert caught.value.code is FailureCode.INVALID_RESPONSE


@pytest.mark.parametrize(
    "body",
    [b"not gzip", gzip.compress(b"hello")[:-4], gzip.compress(b"hello") + b"trailing"],
    ids=["another format", "cut off", "with more behind it"],
)
async def test_a_gzip_body_that_is_none_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidExchange) as caught:
        await read_body(stream_of([body]), encoding="gzip", limit=100)

    assert caught.value.code is FailureCode.INVALID_RESPONSE


async def test_an_empty_body_may_claim_to_be_gzip() -> None:
    assert await read_body(stream_of([]), encoding="gzip", limit=10) == b""


async def test_an_excerpt_is_the_beginning_and_never_fails() -> None:
    assert await read_excerpt(stream_of([b"abc"]), encoding=None, limit=3) == (b"abc", False)
    assert await read_excerpt(stream_of([b"ab", b"cd"]), encoding=None, limit=3) == (b"abc", True)
    assert await read_excerpt(
        stream_of([b"ab"], InvalidExchange(FailureCode.CONNECTION_LOST, "lost")), encoding=None, limit=9
    ) == (b"ab", True)
    assert await read_excerpt(stream_of([b"ab"]), encoding="br", limit=9) == (b"", True)
