"""The sandbox of a process that is confined itself: it does at once what others ask their children for."""

from uuid import UUID

from actors.sandbox.asking import Answer, AskedSandbox
from actors.sandbox.child import REQUEST
from actors.sandbox.work import Work
from domain.sandbox.shares import SandboxUse


class SandboxHere(AskedSandbox):
    """Evaluates and checks in this process; whoever has started that ends it when it takes too long."""

    def __init__(self, work: Work) -> None:
        self._work = work

    async def _ask(self, request: bytes, owner: UUID, use: SandboxUse) -> Answer:
        asked, _, now, seed, source_size = REQUEST.unpack_from(request)
        body = request[REQUEST.size :]
        kind, text = self._work.answer(asked, body[:source_size].decode(), body[source_size:].decode(), now, seed)
        return Answer(kind, text.encode(errors="replace"))
