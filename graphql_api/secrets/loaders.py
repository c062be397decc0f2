"""Loaders of what reads secrets: reads of many resolvers at the same moment become one walk over the documents."""

from collections import defaultdict

from strawberry.dataloader import DataLoader

from domain.kernel.pages import Page
from domain.secrets.readers import SecretReader
from graphql_api.context import Context


class SecretLoaders:
    """Loads within one operation. Nothing is cached beyond the batch, so a mutation never answers with old rows.

    `readers` is keyed by the name of the secret, the size of the page, and the name of the workflow that it is after.
    """

    def __init__(self, context: Context) -> None:
        self._secrets = context.services.secrets
        self.readers: DataLoader[tuple[str, int, str | None], Page[SecretReader]] = DataLoader(
            self._readers, cache=False
        )
        self.reader_counts: DataLoader[str, int] = DataLoader(self._reader_counts, cache=False)

    async def _readers(self, wanted: list[tuple[str, int, str | None]]) -> list[Page[SecretReader]]:
        pages: dict[tuple[int, str | None], set[str]] = defaultdict(set)
        for name, first, after in wanted:
            pages[first, after].add(name)
        found: dict[tuple[str, int, str | None], Page[SecretReader]] = {}
        for (first, after), names in pages.items():
            readers = await self._secrets.readers(names, first=first, after=after)
            found.update({(name, first, after): page for name, page in readers.items()})
        return [found[each] for each in wanted]

    async def _reader_counts(self, names: list[str]) -> list[int]:
        found = await self._secrets.reader_counts(set(names))
        return [found[name] for name in names]
