"""The registry of step kinds: those that ship, and those that installed distributions bring."""

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import Final

from domain.kernel.json.text import JsonValue
from domain.workflows.steps.conditional import CONDITIONAL
from domain.workflows.steps.data_transform import DATA_TRANSFORM
from domain.workflows.steps.for_each import FOR_EACH
from domain.workflows.steps.http_request import HTTP_REQUEST
from domain.workflows.steps.installed import installed_kinds
from domain.workflows.steps.kind import AnyKind, StepConfig, StepKind
from domain.workflows.steps.parallel import PARALLEL
from domain.workflows.steps.sub_workflow import SUB_WORKFLOW
from domain.workflows.steps.validation import VALIDATION
from domain.workflows.steps.wait import WAIT
from domain.workflows.steps.webhook_call import WEBHOOK_CALL

SHIPPED: Final[tuple[AnyKind, ...]] = (
    HTTP_REQUEST,
    DATA_TRANSFORM,
    CONDITIONAL,
    PARALLEL,
    FOR_EACH,
    WAIT,
    WEBHOOK_CALL,
    VALIDATION,
    SUB_WORKFLOW,
)
"""The kinds that ship with Stepgraph, in the order in which they are shown."""

CONTAINERS: Final = frozenset(kind.name for kind in SHIPPED if kind.is_container)
"""The names of the kinds whose steps hold blocks of their own, besides the handlers that every step may have."""


@cache
def step_kinds() -> Mapping[str, AnyKind]:
    """All kinds by name: those that ship, and then those of installed distributions.

    They are found once in a process. Raises `InvalidStepKind` where one cannot be used.
    """
    shipped = {kind.name: kind for kind in SHIPPED}
    return MappingProxyType(shipped | {kind.name: kind for kind in installed_kinds(shipped)})


def kind_of(name: str) -> AnyKind:
    """The kind with this name; for one that is not installed here, a kind of which nothing is known."""
    return step_kinds().get(name, _NOT_INSTALLED)


class _NotInstalled(StepKind[StepConfig]):
    """The kind of stored steps whose distribution was removed: they may have had effects, and nothing runs them."""

    name = ""
    config = StepConfig
    executor = ""

    def stored_input(self, input: JsonValue) -> JsonValue:
        return None


_NOT_INSTALLED = _NotInstalled()
