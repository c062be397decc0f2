"""Masking of the installation's own hook addresses in texts that are shown to those who may not use them.

Anyone with an address may grant an approval or answer for a step, without a key. Steps are called with addresses, and
events are sent with them: they must stay in stored values, which are sent as they are, and are masked where
they are shown. A token is known by the code in it, wherever it stands, and by `hooks/` in front of it, also where that
is escaped for a URL, or where the text was cut: the code is its beginning, and the rest can be known.
"""

import re
from collections.abc import Mapping

from domain.kernel.json.text import JsonText, JsonValue, dumps, loads
from domain.webhooks.hook_tokens import read_hook_token

MASK = "***"

_RUN = "[A-Za-z0-9_-]"
_ADDRESS = rf"hooks(?:/|\\/|%(?:25){{0,8}}2[Ff])(?P<addressed>{_RUN}{{16,}})"
# The bits of a token that say which kind of UUID it names leave four characters at one place, sixteen at another.
_TOKEN = rf"(?<!{_RUN})(?P<token>{_RUN}{{29}}[HXn3]{_RUN}{{2}}[g-v]{_RUN}{{10,}})"
_SUSPECT = re.compile(f"{_ADDRESS}|{_TOKEN}")
_IN_LINES = re.compile(_ADDRESS)
_HINT = re.compile(f"hooks|{_RUN}{{43}}")
_SHORTEST = len("hooks/") + 16


def without_addresses(line: str) -> str:
    """A line of text with all that looks like a token masked where it stands in the address of a hook."""
    return _IN_LINES.sub(_masked, line) if "hooks" in line else line


def _masked(found: re.Match[str]) -> str:
    return found[0].removesuffix(found["addressed"]) + MASK


class HookMask:
    """Masks the tokens that were made with `key`, which belongs to the installation."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def masked(self, value: "JsonValue | JsonText") -> "JsonValue | JsonText":
        """The value with every token in its texts and names masked; the same object where there is none."""
        if isinstance(value, str):
            return self._text(value)
        if isinstance(value, JsonText):
            return value if _HINT.search(value.text) is None else self._replacing(value, loads(value.text))
        if not isinstance(value, Mapping | list):
            return value
        try:
            has_suspects = _HINT.search(dumps(value)) is not None
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
        return _SUSPECT.sub(self._replaced, text) if len(text) >= _SHORTEST else text

    def _replaced(self, found: re.Match[str]) -> str:
        token = found["token"]
        if token is None:
            return _masked(found)
        return MASK if read_hook_token(self._key, token) is not None else token
