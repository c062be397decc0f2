"""All kinds of requests, a file an area."""

from tests.abuse.attack import Kind
from tests.abuse.kinds.bodies import BODIES
from tests.abuse.kinds.documents import DOCUMENTS
from tests.abuse.kinds.expressions import EXPRESSIONS
from tests.abuse.kinds.heads import HEADS
from tests.abuse.kinds.hooks import HOOKS
from tests.abuse.kinds.inputs import INPUTS
from tests.abuse.kinds.operations import OPERATIONS
from tests.abuse.kinds.schemas import SCHEMAS
from tests.abuse.kinds.sockets import SOCKETS
from tests.abuse.kinds.workflows import WORKFLOWS

KINDS: tuple[Kind, ...] = (
    *HEADS,
    *BODIES,
    *DOCUMENTS,
    *EXPRESSIONS,
    *SCHEMAS,
    *WORKFLOWS,
    *OPERATIONS,
    *INPUTS,
    *SOCKETS,
    *HOOKS,
)
