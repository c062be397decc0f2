"""Undoing the encoding of what is sent to us: what went in comes out, and never more than may come out."""

import gzip
import zlib

import pytest

from domain.kernel.http.content_encodings import MalformedEncoding, TooLargeInflated, UnsupportedEncoding, inflated
from tests.costs import least_seconds


def bare(body: bytes) -> bytes:
    deflater = zlib.compressobj(wbits=-15)
    return deflater.compress(body) + deflater.flush()


@pytest.mark.parametrize(
    ("encoding", "sent"),
    [
        ("", b"hello"),
        ("identity", b"hello"),
        ("gzip", gzip.compress(b"hello", mtime=0)),
        (" X-GZIP ", gzip.compress(b"hello", mtime=0)),
        ("gzip, identity", gzip.compress(b"hello", mtime=0)),
        ("gzip", gzip.compress(b"hel", mtime=0) + gzip.compress(b"", mtime=0) + gzip.compress(b"lo", mtime=0)),
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
@pytest.mark.parametrize("sent", [b"", b"hello", gzip.compress(b"hello", mtime=0)[:-1], zlib.compress(b"hello")[:-5]])
def test_what_is_not_whole_is_refused(encoding: str, sent: bytes) -> None:
    with pytest.raises(MalformedEncoding):
        inflated(sent, encoding, 100)


@pytest.mark.parametrize(
    ("encoding", "bomb"),
    [
        ("gzip", gzip.compress(bytes(200_000_000), 1, mtime=0)),
        ("deflate", zlib.compress(bytes(200_000_000), 1)),
        ("gzip", gzip.compress(bytes(20_000), mtime=0) * 60),
    ],
)
def test_a_bomb_is_left_before_it_bursts(encoding: str, bomb: bytes) -> None:
    def leave() -> None:
        with pytest.raises(TooLargeInflated, match="1,000,000 bytes"):
            inflated(bomb, encoding, 1_000_000)

    assert least_seconds(leave, enough=0.2) < 0.2


def test_members_without_anything_in_them_cost_nothing() -> None:
    body = gzip.compress(b"", mtime=0) * 50_000

    def refuse() -> None:
        with pytest.raises(MalformedEncoding):
            inflated(body, "gzip", 1_000_000)

    assert least_seconds(refuse, enough=0.1) < 0.1
