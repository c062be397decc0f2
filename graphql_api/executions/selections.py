"""The selections of an operation, so that nothing is read that was not selected."""

from graphql import FieldNode, FragmentSpreadNode, InlineFragmentNode, SelectionSetNode

from graphql_api.context import Info


def may_select(info: Info, name: str) -> bool:
    """True when a field of this name is selected of the resolver's value, through fragments too.

    True also where a directive leaves it out.
    """
    raw = info._raw_info  # noqa: SLF001 - Strawberry's own `selected_fields` makes an object of every field below

    def has(selections: SelectionSetNode | None) -> bool:
        for selection in () if selections is None else selections.selections:
            if isinstance(selection, FieldNode):
                if selection.name.value == name:
                    return True
            elif isinstance(selection, InlineFragmentNode):
                if has(selection.selection_set):
                    return True
            elif isinstance(selection, FragmentSpreadNode) and has(raw.fragments[selection.name.value].selection_set):
                return True
        return False

    return any(has(node.selection_set) for node in raw.field_nodes)
