"""Undoing the encoding of what is sent to us: what went in comes out, and never more than may come out."""

import gzip
import time
import zlib

import pytest

from domain.content_encodings import MalformedEncoding, TooLargeInflated, UnsupportedEncoding, inflated


def bare(body: bytes) -> bytes:
    deflater = zlib.compressobj(wbits=-15)
    return deflater.compress(body) + deflater.flush()


@pytest.mark.parametrize(
    ("encoding", "sent"),
    [
        ("", b"hello"),
        ("identity", b"hello"),
        ("gzip", gzip.compress(b"hello")),
        (" X-GZIP ", gzip.compress(b"hello")),
        ("gzip, identity", gzip.compress(b"hello")),
        ("gzip", gzip.compress(b"hel") + gzip.compress(b"") + gzip.compress(b"lo")),
        ("deflate", zlib.compress(b"hello")),
        ("deflate", bare(b"hello")),
    ],
)
def test_what_was_encoded_comes_out(encoding: str, sent: bytes) -> None:
    assert inflated(sent, encoding, 5) == b"hello"


@pytest.mark.parametrize("encoding", ["br", "zstd", "compress", "gzip, gzip", "gzip,deflate", "x" * 500])
def test_other_encodings_are_refused(encoding: str) -> None:
    with pytest.raises(UnsupportedEncoding, match="gzip and deflate"):
        inflated(b"hello", encoding, 100)


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
@pytest.mark.parametrize("sent", [b"", b"hello", gzip.compress(b"hello")[:-1], zlib.compress(b"hello")[:-5]])
def test_what_is_not_whole_is_refused(encoding: str, sent: bytes) -> None:
    with pytest.raises(MalformedEncoding):
        inflated(sent, encoding, 100)


@pytest.mark.parametrize(
    ("encoding", "bomb"),
    [
        ("gzip", gzip.compress(bytes(200_000_000), 1)),
        ("deflate", zlib.compress(bytes(200_000_000), 1)),
        ("gzip", gzip.compress(bytes(20_000)) * 60),
    ],
)
def test_a_bomb_is_left_before_it_bursts(encoding: str, bomb: bytes) -> None:
    begun = time.process_time()

    with pytest.raises(TooLargeInflated, match="1,000,000 bytes"):
        inflated(bomb, encoding, 1_000_000)

    assert time.process_time() - begun < 0.2


def test_members_without_anything_in_them_cost_nothing() -> None:
    begun = time.process_time()

    with pytest.raises(MalformedEncoding):
        inflated(gzip.compress(b"") * 50_000, "gzip", 1_000_000)

    assert time.process_time() - begun < 0.1
