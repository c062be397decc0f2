"""Python's garbage collector in processes that stay: it need not search what was loaded when they began."""

import gc

_COLLECTIONS_BETWEEN_LARGER_ONES = 20


def spare_the_collector(*, allocations: int) -> None:
    """Keep all that is loaded by now for good, and collect after so many more containers have come than have gone.

    Else the whole of it, a hundred thousand objects, is searched again and again while one large JSON text is read.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(allocations, _COLLECTIONS_BETWEEN_LARGER_ONES, _COLLECTIONS_BETWEEN_LARGER_ONES)
