"""State that an operation keeps for one event of a subscription, or for the whole of a query or a mutation."""


class PerEvent:
    """Something that is kept no longer than one event of a subscription."""

    def forget(self) -> None:
        """Begin anew, for the next event of a subscription."""
        raise NotImplementedError
