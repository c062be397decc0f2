"""Loaders of circuit breakers: reads of many resolvers at the same moment become one SQL statement."""

from strawberry.dataloader import DataLoader

from graphql_api.context import Context


class BreakerLoaders:
    """Loads within one operation. Nothing is cached beyond the batch, so a mutation never answers with old counts.

    `waiting` takes the id of a service and gives the number of executions that wait for its breaker.
    """

    def __init__(self, context: Context) -> None:
        self._breakers = context.services.breaker_store
        self.waiting: DataLoader[str, int] = DataLoader(self._waiting, cache=False)

    async def _waiting(self, service_ids: list[str]) -> list[int]:
        found = await self._breakers.waiting(set(service_ids))
        return [found.get(service_id, 0) for service_id in service_ids]
