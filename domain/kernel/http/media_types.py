"""Bodies of HTTP messages: their content types, and the JSON values that they are read as."""

import base64
import codecs
import re
from dataclasses import dataclass
from functools import lru_cache

from domain.kernel.json.text import JsonValue, loads

FORM = "application/x-www-form-urlencoded"
MULTIPART_FORM = "multipart/form-data"

_JSON = frozenset({"application/json", "application/csp-report", "application/x-json", "text/json", "text/x-json"})
_TEXT = frozenset(
    {
        "application/csv",
        "application/ecmascript",
        "application/graphql",
        "application/javascript",
        "application/jose",
        "application/json-seq",
        "application/json5",
        "application/jsonl",
        "application/jsonlines",
        "application/jwt",
        "application/ndjson",
        "application/pem-certificate-chain",
        "application/sql",
        "application/toml",
        "application/x-javascript",
        "application/x-jsonlines",
        "application/x-ndjson",
        "application/x-pem-file",
        "application/x-yaml",
        "application/xml",
        "application/yaml",
        "message/rfc822",
        FORM,
    }
)
_TEXT_SUFFIXES = ("+xml", "+yaml", "+jwt", "+json-seq")
_CHARSETS = re.compile(
    r"ascii|utf-(8|16|32)(-sig|-le|-be)?|iso8859-\d+|cp\d+|koi8-[rtu]|kz1048|mac-[a-z]+|tis-620|shift_jis\w*|euc_\w+"
    r"|gb2312|gbk|gb18030|big5(hkscs)?|iso2022_\w+|hz|johab|ptcp154|hp-roman8"
)
"""Python's names of the encodings of texts that are read. Others of its codecs take time without measure (idna)."""
_BYTE_ORDER_MARKS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))


class MalformedBody(ValueError):
    """A body does not match its content type. The message is a clause."""


@dataclass(frozen=True, slots=True)
class MediaType:
    """A content type (RFC 9110, section 8.3), lower-case.

    `charset` is UTF-8 where none is given; `boundary` is that of a multipart body, None where none is given.
    """

    name: str
    charset: str
    boundary: str | None
    is_json: bool
    is_text: bool


@lru_cache(maxsize=512)
def media_type(content_type: str) -> MediaType:
    """The media type in a Content-Type header; an empty one says nothing."""
    name, *parameters = (part.strip() for part in content_type.split(";"))
    name = name.lower()
    values: dict[str, str] = {}
    for parameter in parameters:
        key, _, value = parameter.partition("=")
        values.setdefault(key.strip().lower(), value.strip().strip("\"'"))
    charset = values.get("charset", "").lower()
    return MediaType(
        name=name,
        charset="utf-8" if charset in ("", "utf8") else charset,
        boundary=values.get("boundary") or None,
        is_json=name in _JSON or name.endswith("+json"),
        is_text=bool(charset) or name.startswith("text/") or name in _TEXT or name.endswith(_TEXT_SUFFIXES),
    )


def read_value(body: bytes, content_type: str) -> JsonValue:
    """A body as a JSON value: parsed if its type is JSON, a string if it is text, else base64; None for an empty body.

    JSON of blanks alone counts as empty. Without a content type a body is text when it is UTF-8. A byte-order mark
    decides about the encoding, and is no part of the text. Raises `MalformedBody` for invalid JSON.
    """
    if not body:
        return None
    media = media_type(content_type)
    if media.is_json:
        return _json(body, media.charset)
    if media.is_text:
        return read_text(body, media.charset)
    if not media.name:
        try:
            return body.decode("utf-8-sig")
        except UnicodeDecodeError:
            pass
    return base64.b64encode(body).decode()


def read_text(body: bytes, charset: str) -> str:
    """The characters of a body. Invalid bytes become U+FFFD, an unknown charset is read as UTF-8."""
    for mark, encoding in _BYTE_ORDER_MARKS:
        if body.startswith(mark):
            return body[len(mark) :].decode(encoding, "replace")
    return body.decode(encoding_of(charset) or "utf-8", "replace")


@lru_cache(maxsize=128)
def encoding_of(charset: str) -> str | None:
    """Python's name of a charset; None for an unknown one, or one that texts are not sent in."""
    try:
        name = codecs.lookup(charset).name
    except (LookupError, ValueError):
        return None
    return name if _CHARSETS.fullmatch(name) else None


def _json(body: bytes, charset: str) -> JsonValue:
    is_plain = charset == "utf-8" and body[:1] not in (b"\xef", b"\xff", b"\xfe")
    text = body if is_plain else read_text(body, charset)
    if not text.strip():
        return None
    try:
        return loads(text)
    except (ValueError, RecursionError) as error:
        raise MalformedBody(f"the body is not the JSON it claims to be: {error}") from error
