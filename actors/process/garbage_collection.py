"""Python's garbage collector in long-lived processes: it need not search the objects that were loaded at the start."""

import gc

_COLLECTIONS_BETWEEN_LARGER_ONES = 20


def freeze_loaded_objects(*, allocations: int) -> None:
    """Exempt all objects loaded so far from garbage collection, and collect rarely from now on.

    `allocations` is how many more containers must have been made than freed before the next collection. Otherwise all
    loaded objects, a hundred thousand, are searched again and again while one large JSON text is read.
    """
    gc.collect()
    gc.freeze()
    gc.enable()  # where it was off while all was loaded
    gc.set_threshold(allocations, _COLLECTIONS_BETWEEN_LARGER_ONES, _COLLECTIONS_BETWEEN_LARGER_ONES)
