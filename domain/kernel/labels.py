"""Labels: a flat object of strings, numbers and booleans, to find workflows and executions by."""

from domain.kernel.errors import Problem
from domain.kernel.hints import kind_of
from domain.kernel.limits import Limits


def label_problems(labels: object, limits: Limits) -> list[Problem]:
    """The problems of `labels`; null is valid. Where there are too many, no single one is checked."""
    if labels is None:
        return []
    if not isinstance(labels, dict):
        return [Problem(path=(), message=f"Labels are an object, not {kind_of(labels)}.", hint='For example {"a": 1}.')]
    if len(labels) > limits.max_labels:
        message = f"There are {len(labels)} labels; {limits.max_labels} are allowed."
        return [Problem(path=(), message=message, hint="Keep those that you search by.")]
    problems: list[Problem] = []
    longest = limits.max_label_characters
    for name, value in labels.items():
        if not isinstance(name, str):
            continue  # said by the JSON check
        where = (name[:longest],)
        if not 1 <= len(name) <= longest:
            message = f"A label's name has 1 to {longest} characters."
            problems.append(Problem(path=where, message=message, hint='For example {"team": "shop"}.'))
        if not isinstance(value, str | int | float | bool):
            message = f"A label is a string, a number or a boolean, not {kind_of(value)}."
            problems.append(Problem(path=where, message=message, hint="Give each value a label of its own."))
        elif isinstance(value, str) and len(value) > longest:
            message = f"A label has at most {longest} characters."
            problems.append(Problem(path=where, message=message, hint="Shorten it."))
    return problems
