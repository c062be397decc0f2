"""Scanning templates: the bounds of expressions in a text, and the kinds of words inside them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.expressions.language.tokens import Kind, TokenError, tokenize
from domain.expressions.scanner import Placeholder, scan
from tests.costs import least_seconds


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("", []),
        ("no braces", ["no braces"]),
        ("{{a}}", [Placeholder("a", 0)]),
        ("x{{ a }}y{{b}}", ["x", Placeholder(" a ", 1), "y", Placeholder("b", 9)]),
        ("{{ {'a': {}} }}", [Placeholder(" {'a': {}} ", 0)]),
        ("{{{}}}", [Placeholder("{}", 0)]),
        ("{{ {'a': {'b': 1}}}}", [Placeholder(" {'a': {'b': 1}}", 0)]),
        ("{{ '}}' }}", [Placeholder(" '}}' ", 0)]),
        ('{{ "\\"}}" }}', [Placeholder(' "\\"}}" ', 0)]),
        ("{{ `}}` }}", [Placeholder(" `}}` ", 0)]),
        ("{{ /* }} */ a }}", [Placeholder(" /* }} */ a ", 0)]),
        ('{{ $match(a, /\\}\\}|"/) }}', [Placeholder(' $match(a, /\\}\\}|"/) ', 0)]),
        ("{{ a / b }} / {{ c }}", [Placeholder(" a / b ", 0), " / ", Placeholder(" c ", 14)]),
        ("{{ a[0]/2 }}'", [Placeholder(" a[0]/2 ", 0), "'"]),
        ("{{ it's }}", [Placeholder(" it's ", 0)]),
        ("\\{{a}}", ["{{a}}"]),
        ("\\\\{{a}}", ["\\{{a}}"]),
        ("a\\{{b{{c}}", ["a{{b", Placeholder("c", 5)]),
        ("{ {a} } }}", ["{ {a} } }}"]),
    ],
)
def test_a_text_is_cut_into_literals_and_expressions(text: str, parts: list[str | Placeholder]) -> None:
    assert scan(text) == parts


def test_long_texts_are_cut_in_linear_time() -> None:
    def cut() -> None:
        for hostile in (
            "{{ /" + "\\/" * 200_000,
            "{{ '" + "\\'" * 200_000,
            "{{ " + "/**/" * 100_000,
            "{{" + "{" * 200_000,
        ):
            with pytest.raises(TokenError):
                scan(hostile)
        assert len(scan("\\{{" * 150_000)) == 1

    assert least_seconds(cut, enough=5) < 5


@pytest.mark.parametrize(
    ("text", "position", "message"),
    [
        ("ab{{ c", 2, "`{{` is opened here"),
        ("{{ {'a': 1 }}", 0, "`{{` is opened here"),
        ("{{ 'a }}", 3, "A string is opened here"),
        ("{{ `a }}", 3, "A name in backquotes is opened here"),
        ("{{ /* a }}", 3, "A comment is opened here"),
        ("{{ /a }}", 3, "A regular expression is opened here"),
    ],
)
def test_what_is_never_closed_is_reported_where_it_opens(text: str, position: int, message: str) -> None:
    with pytest.raises(TokenError, match=message.replace("{", r"\{")) as caught:
        scan(text)
    assert caught.value.position == position


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (
            "a.b[0]",
            [
                ("a", Kind.NAME),
                (".", Kind.OPERATOR),
                ("b", Kind.NAME),
                ("[", Kind.OPERATOR),
                ("0", Kind.NUMBER),
                ("]", Kind.OPERATOR),
            ],
        ),
        ('a"b + c"', [('a"b', Kind.NAME), ("+", Kind.OPERATOR), ('c"', Kind.NAME)]),
        ("$a ?? $$", [("$a", Kind.VARIABLE), ("??", Kind.OPERATOR), ("$$", Kind.VARIABLE)]),
        ("a/b/c", [("a", Kind.NAME), ("/", Kind.OPERATOR), ("b", Kind.NAME), ("/", Kind.OPERATOR), ("c", Kind.NAME)]),
        ("f(/b/i)", [("f", Kind.NAME), ("(", Kind.OPERATOR), ("/b/i", Kind.REGEX), (")", Kind.OPERATOR)]),
        ("* / 2", [("*", Kind.OPERATOR), ("/", Kind.OPERATOR), ("2", Kind.NUMBER)]),
        ("and / or", [("and", Kind.NAME), ("/", Kind.OPERATOR), ("or", Kind.NAME)]),
        ("a and /x/", [("a", Kind.NAME), ("and", Kind.NAME), ("/x/", Kind.REGEX)]),
        ("/[/]\\//m", [("/[/]\\//m", Kind.REGEX)]),
        ("1.5e-3..2", [("1.5e-3", Kind.NUMBER), ("..", Kind.OPERATOR), ("2", Kind.NUMBER)]),
        ("'it\\'s'`a b`", [("'it\\'s'", Kind.STRING), ("`a b`", Kind.QUOTED_NAME)]),
        ("/* a */b/* c */", [("b", Kind.NAME)]),
        ("a?:b", [("a", Kind.NAME), ("?:", Kind.OPERATOR), ("b", Kind.NAME)]),
        ("é\u00a0x", [("é\u00a0x", Kind.NAME)]),
    ],
)
def test_words_are_told_apart_as_the_language_does(source: str, words: list[tuple[str, Kind]]) -> None:
    assert [(token.text, token.kind) for token in tokenize(source)] == words


@given(st.text(alphabet=st.sampled_from("ab.$'\"`/*{}[]()\\ 1+-é\n"), max_size=40))
def test_words_never_overlap_and_leave_out_only_blanks_and_comments(source: str) -> None:
    try:
        tokens = tokenize(source)
    except TokenError:
        return

    position = 0
    for token in tokens:
        assert source[token.start : token.end] == token.text != ""
        assert source[position : token.start].strip() == "" or source[position : token.start].strip()[:2] == "/*"
        position = token.end


literals = st.text(alphabet=st.sampled_from("ab }\\'\"/*\n"), max_size=10).filter(lambda text: text[-1:] != "\\")
expressions = st.sampled_from(
    ["a", " {'a': {'b': '}}'}} ", '"{{"', "`}}`.b", "/* }} */ 1", "a / b", "[{}]", "$f(/\\}\\}/)"]
)


@given(st.lists(st.tuples(literals, expressions)), literals)
def test_what_was_put_into_a_text_is_found_again(pairs: list[tuple[str, str]], last: str) -> None:
    text = "".join(f"{literal}{{{{{expression}}}}}" for literal, expression in pairs) + last

    parts = scan(text)

    assert [part.source for part in parts if isinstance(part, Placeholder)] == [expression for _, expression in pairs]
    assert "".join(part for part in parts if isinstance(part, str)) == "".join(literal for literal, _ in pairs) + last
    for part in parts:
        if isinstance(part, Placeholder):
            assert text.startswith("{{" + part.source + "}}", part.position)
