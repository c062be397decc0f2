"""multipart/form-data bodies (RFC 7578)."""

from collections.abc import Sequence
from hashlib import blake2b

import httpx

Part = tuple[str, str, str | None]
"""A field: its name, its text, and its content type (None: plain text)."""


def multipart_body(fields: Sequence[Part], boundary: str | None = None) -> tuple[bytes, str]:
    """The body and its content type. Without `boundary`, one is made from a digest of the fields.

    The same fields give the same bytes, so that a repeated request is the same. Raises `ValueError` for lone
    surrogates, and for a given boundary that a field holds.
    """
    if boundary is None:
        digest = blake2b(repr(fields).encode(), digest_size=16)
        boundary = f"stepgraph-{digest.hexdigest()}"
    elif any(f"--{boundary}" in text for _, text, _ in fields):
        raise ValueError("a field holds the boundary that is to end it")
    if not fields:
        return f"--{boundary}--\r\n".encode(), f"multipart/form-data; boundary={boundary}"
    files = [(name, (None, text.encode(), *((kind,) if kind else ()))) for name, text, kind in fields]
    request = httpx.Request(
        "POST",
        "http://localhost/",
        headers={"content-type": f"multipart/form-data; boundary={boundary}"},
        files=files,
    )
    return request.read(), request.headers["content-type"]
