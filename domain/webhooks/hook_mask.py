"""Masking of the installation's own hook addresses in texts that are shown to those who may not use them.

Anyone with an address may grant an approval or answer for a step, without a key. Steps are called with addresses, and
events are sent with them: they must stay in stored values, which are sent as they are, and are masked where
they are shown. A token is known by the code in it, wherever it stands, also in base64; by `hooks/` in front of it, also
where that is escaped or where the text was cut: the code is its beginning, and the rest can be known; and at the end
of a text by the id in it, where it was cut behind that id's time.
"""

import base64
import re
from collections.abc import Mapping

from domain.kernel.json.text import JsonText, JsonValue, dumps, loads
from domain.webhooks.hook_search import SHORTEST_TOKEN, TokenSearch, may_be_cut
from domain.webhooks.hook_tokens import MAX_TOKEN_CHARACTERS

MASK = "***"

_RUN = "[A-Za-z0-9_-]"
_SLASH = r"(?:\\{0,8}/|(?:%(?:25){0,8}|=|\\{1,8}x|\\{1,8}u00)2[Ff]|&#(?:47|[xX]2[Ff]);)"
_ADDRESS = re.compile(rf"hooks{_SLASH}(?P<token>{_RUN}{{16,}})")
_RUNS = re.compile(rf"{_RUN}{{{SHORTEST_TOKEN},}}")
# The kind of UUID and its time, which is one of the years 2022 to 2056, leave few characters at four places.
_BEGINNING = rf"{_RUN}{{21}}[AQgw][GHI]{_RUN}{{6}}[HXn3]{_RUN}{{2}}[g-v]"
_CUT = re.compile(rf"(?<!{_RUN})(?P<token>{_BEGINNING}{_RUN}*)(?=(?:…|\.\.\.)?\Z)")
_TAIL = MAX_TOKEN_CHARACTERS + 4
_WORDS = ("hooks", "aG9va3", "hvb2tz", "ob29rc")
"""The word before a token: plain, and as base64 writes it at each of three positions."""
_HINT = re.compile(f"{_RUN}{{{SHORTEST_TOKEN}}}|{_BEGINNING}")
_HINTS_RUN = min(SHORTEST_TOKEN, 33)
"""The characters in a row that both kinds of hints have at least."""
_RUNS_AS_ONE = bytes(ord("-" if re.fullmatch(_RUN, chr(byte)) else " ") for byte in range(256))
_HINT_IN_BYTES = re.compile(rf"{_RUN}{{33}}".encode())
_BASE64 = re.compile("[A-Za-z0-9+/_-]{29,}={0,2}")
_STANDARD = str.maketrans("-_", "+/", "=")
_ENCODED_TOKEN = 56
# In base64 every fourth character of a token is one of these.
_MAYBE_TOKEN = re.compile("[LMNOQ-Za-e](?:...[LMNOQ-Za-e]){12}")
_SHORTEST = len("hooks/") + 16


def without_addresses(line: str) -> str:
    """A line of text with all that looks like a token masked where it stands in the address of a hook."""
    return _ADDRESS.sub(_masked, line) if "hooks" in line else line


def _masked(found: re.Match[str]) -> str:
    return found[0].removesuffix(found["token"]) + MASK


def _decoded(digits: str, start: int) -> bytes:
    """The bytes of what begins at `start`; a single digit at the end holds none."""
    end = len(digits) - ((len(digits) - start) % 4 == 1)
    return base64.b64decode(digits[start:end] + "=" * (-(end - start) % 4))


def _hints(text: str) -> bool:
    if any(word in text for word in _WORDS):
        return True
    # Translating all takes a twentieth of what a pattern does, and most texts have no word that is as long.
    has_long_run = b"-" * _HINTS_RUN in text.encode("utf-8", "surrogatepass").translate(_RUNS_AS_ONE)
    return has_long_run and _HINT.search(text) is not None


def _without_cut(text: str) -> str:
    """The text without the token that it ends with where it was cut off, known by its shape alone."""
    start = max(0, len(text) - _TAIL)
    found = _CUT.search(text, start)
    if found is None or not may_be_cut(found["token"]):
        return text
    return text[: found.start()] + MASK + text[found.end() :]


class HookMask:
    """Masks the tokens that were made with `key`, which belongs to the installation."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def masked(self, value: "JsonValue | JsonText") -> "JsonValue | JsonText":
        """The value with every token in its texts and names masked; the same object where there is none."""
        if isinstance(value, str):
            return self._text(value)
        if isinstance(value, JsonText):
            return value if not _hints(value.text) else self._replacing(value, loads(value.text))
        if not isinstance(value, Mapping | list):
            return value
        try:
            has_suspects = _hints(dumps(value))
        except ValueError:
            has_suspects = True
        return self._replacing(value, value) if has_suspects else value

    def _replacing(self, given: "JsonValue | JsonText", value: JsonValue) -> "JsonValue | JsonText":
        """The masked `value`; `given`, which has that value, where nothing is masked."""
        masked = self._walked(value)
        return given if masked == value else masked

    def _walked(self, value: JsonValue) -> JsonValue:
        match value:
            case str():
                return self._text(value)
            case Mapping():
                return {self._text(name): self._walked(member) for name, member in value.items()}
            case list():
                return [self._walked(item) for item in value]
        return value

    def _text(self, text: str) -> str:
        if len(text) < _SHORTEST:
            return text
        return _BASE64.sub(self._encoded, self._plain(text))

    def _plain(self, text: str) -> str:
        search = TokenSearch(self._key, MASK, len(text))
        masked = _RUNS.sub(lambda found: search.without_tokens(found[0]), without_addresses(text))
        return _without_cut(masked)

    def _encoded(self, found: re.Match[str]) -> str:
        """The run, or the mask where its base64 holds an address, whichever of its characters that begins with."""
        run = found[0]
        is_suspect = len(run) >= _ENCODED_TOKEN and _MAYBE_TOKEN.search(run) is not None
        if not is_suspect and not any(word in run for word in _WORDS[1:]):
            return run
        digits = run.translate(_STANDARD)
        for start in range(4):
            content = _decoded(digits, start)
            if b"hooks" in content or _HINT_IN_BYTES.search(content):
                plain = content.decode("latin-1")
                if self._plain(plain) != plain:
                    return MASK
        return run
