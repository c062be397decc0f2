"""Names in an expression that are read from an item of the data, and not from its root."""

from collections.abc import Collection, Sequence

from domain.expressions.language.tokens import Kind, Token, ends_operand


def read_from_item(tokens: Sequence[Token], names: Collection[str]) -> str | None:
    """The first of `names` that begins a path where names are those of an item; None where there is none.

    That is so in the conditions of `[…]`, in the keys and values of `{…}` that groups, in `^(…)`, and in brackets after
    a dot.
    """
    is_item = False
    around: list[bool] = []
    before: Token | None = None
    operand_expected = True
    for token in tokens:
        follows_dot = before is not None and before.kind is Kind.OPERATOR and before.text == "."
        if token.kind is Kind.NAME and token.text in names and is_item and operand_expected and not follows_dot:
            return token.text
        if token.kind is Kind.OPERATOR and token.text in ("[", "(", "{"):
            around.append(is_item)
            follows_sort = before is not None and before.text == "^"
            is_item = is_item or follows_dot or follows_sort or (token.text != "(" and not operand_expected)
        elif token.kind is Kind.OPERATOR and token.text in ("]", ")", "}") and around:
            is_item = around.pop()
        before, operand_expected = token, not ends_operand(token, operand_expected=operand_expected)
    return None
