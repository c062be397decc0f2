"""Search for hook tokens in runs of the characters that they are written with, wherever in a run they begin.

What stands before a token may be written with the same characters (`webhook_TOKEN`, `=2FTOKEN`), and so may what
follows. A token names a UUIDv7: its kind and time leave few characters at three places, and where those fit the code
is made and compared.
"""

import base64
import re

from domain.webhooks.hook_tokens import MAX_TOKEN_CHARACTERS, names_hook, path_bytes, read_hook_token

SHORTEST_TOKEN = 43
"""The characters of a token without a path: 32 bytes."""

_AFTER_VERSION = 29
_SUSPECT = re.compile(r"[HXn3](?<=[AQgw].{8})(?=..[g-v].{10})", re.DOTALL)
_HEAD_BYTES = 32
_HEAD_CHARACTERS = 44
_PATH = re.compile(rb"(?:[A-Za-z0-9_.\[\] -]|[\xc3-\xf4][\x80-\xbf]{1,3})*")
_MOST_CUT = 4
"""The bytes at the end of a cut path that may be no character."""
_ENDS = frozenset("AEIMQUYcgkosw048")
"""The last characters of tokens without a path, which leave two bits of it unused."""
_WORK_OF_SUSPECT = 4
_LEAST_WORK = 24
_LONGEST_PATH = 500
_CHARACTERS_OF_WORK = 16
_CHARACTERS_DECODED = 64


class TokenSearch:
    """Puts `mask` in the place of the tokens of one text that were made with `key`.

    The work is bounded by the text's number of characters: where more of it looks like tokens than chance explains,
    `mask` takes whole runs.
    """

    def __init__(self, key: bytes, mask: str, characters: int) -> None:
        self._key = key
        self._mask = mask
        self._work = _LEAST_WORK + characters // _CHARACTERS_OF_WORK

    def without_tokens(self, run: str) -> str:
        """The run, of token characters alone, without its tokens."""
        kept: list[str] = []
        done = 0
        for found in _SUSPECT.finditer(run):
            begin = found.start() - _AFTER_VERSION
            if begin < done:
                continue
            if self._work < 0:
                return self._mask
            length = self._token_at(run[begin : begin + MAX_TOKEN_CHARACTERS])
            if length:
                kept += (run[done:begin], self._mask)
                done = begin + length
        if self._work < 0:
            return self._mask
        return "".join((*kept, run[done:])) if done else run

    def _token_at(self, text: str) -> int:
        """The characters of the token that a text begins with; 0 for none, which takes of the work."""
        head = _bytes_of(text[:_HEAD_CHARACTERS])
        if names_hook(self._key, head[:_HEAD_BYTES]):
            return SHORTEST_TOKEN
        if len(text) > SHORTEST_TOKEN and read_hook_token(self._key, text) is not None:
            return len(text)
        content = _bytes_of(text)
        path = _PATH.match(content, _HEAD_BYTES, _HEAD_BYTES + _LONGEST_PATH)
        most = 0 if path is None else path.end() - _HEAD_BYTES
        length = path_bytes(self._key, content[: _HEAD_BYTES + most])
        if length:
            return -(-(_HEAD_BYTES + length) * 8 // 6)
        self._work -= _WORK_OF_SUSPECT + len(text) // _CHARACTERS_DECODED + most
        return 0


def may_be_cut(text: str) -> bool:
    """False for what has the shape of a token's beginning, and is whole or goes on with what is no path."""
    if len(text) < SHORTEST_TOKEN:
        return True
    if len(text) == SHORTEST_TOKEN:
        return text[-1] not in _ENDS
    content = _bytes_of(text)
    path = _PATH.match(content, _HEAD_BYTES)
    return path is not None and path.end() >= len(content) - _MOST_CUT


def _bytes_of(text: str) -> bytes:
    whole = len(text) - len(text) % 4
    rest = text[whole:]
    return base64.urlsafe_b64decode(text if not rest else text[:whole] + (rest + "A" * (4 - len(rest))))
