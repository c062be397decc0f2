"""Decoding of the Content-Encoding of requests, never beyond a size: RFC 9110, section 8.4.

gzip (RFC 1952, of one or more members) and deflate (RFC 1950; bare RFC 1951 too, which some senders mean by it), once.
"""

import zlib

_GZIP, _ZLIB, _BARE = 31, 15, -15
_WINDOWS = {"gzip": (_GZIP,), "x-gzip": (_GZIP,), "deflate": (_ZLIB, _BARE)}
_MOST_MEMBERS = 100


class UnsupportedEncoding(ValueError):
    """A Content-Encoding that is not read here. The message is a sentence for the sender."""


class MalformedEncoding(ValueError):
    """A body does not match its Content-Encoding. The message is a sentence for the sender."""


class TooLargeInflated(ValueError):
    """A body is too large once its encoding is undone. The message is a sentence for the sender."""


def inflated(body: bytes, encoding: str, most: int) -> bytes:
    """The body without its encoding, at most `most` bytes. Raises one of the errors above."""
    names = [name for name in (part.strip().lower() for part in encoding.split(",")) if name not in ("", "identity")]
    if not names:
        return body
    windows = _WINDOWS.get(names[0]) if len(names) == 1 else None
    if windows is None:
        raise UnsupportedEncoding(f"The Content-Encoding {encoding[:80]!r} is not read here: gzip and deflate are.")
    for window in windows:
        try:
            return _inflated(body, window, most)
        except zlib.error:
            continue
    raise MalformedEncoding(f"The body is not the {names[0]} that its Content-Encoding says.")


def _inflated(body: bytes, window: int, most: int) -> bytes:
    """The decompressed body. Raises `zlib.error` where it is incomplete, or has more members than anybody sends."""
    whole, rest = bytearray(), body
    for _ in range(_MOST_MEMBERS):
        inflater = zlib.decompressobj(window)
        whole += inflater.decompress(rest, most - len(whole) + 1)
        if len(whole) > most:
            raise TooLargeInflated(f"The body is larger than {most:,} bytes once it is inflated.")
        if not inflater.eof:
            raise zlib.error
        rest = inflater.unused_data
        if not rest:
            return bytes(whole)
    raise zlib.error
