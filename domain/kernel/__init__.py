"""Basics for every subject of the domain: errors, ids, times, names, the enums that SQL, Python and GraphQL share."""
