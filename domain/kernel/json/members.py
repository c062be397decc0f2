"""Counting the objects and lists of a JSON text before it is read: each costs a hundred times its two characters."""

import re

MAX_MEMBERS = 150_000
"""The most objects and lists in a request, unless another limit is set. As many as fit into a body take a second."""

# A string that never ends reaches to the end of the text: else the search would begin anew at each quote inside of it.
_STRING = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*(?:"|\\?\Z)', re.DOTALL)
_STRING_BYTES = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*(?:"|\\?\Z)', re.DOTALL)


def has_too_many_members(text: str | bytes, most: int = MAX_MEMBERS) -> bool:
    """True when a JSON text has more than `most` objects and lists; takes time linear in its length."""
    if brackets_in(text) <= most:
        return False
    return brackets_in(_STRING_BYTES.sub(b"", text) if isinstance(text, bytes) else _STRING.sub("", text)) > most


def brackets_in(text: str | bytes) -> int:
    """The number of brackets that open objects and lists, and of those within strings."""
    if isinstance(text, bytes):
        return text.count(b"[") + text.count(b"{")
    return text.count("[") + text.count("{")
