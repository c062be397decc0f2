"""What every subject of the domain may use: errors, ids, times, names, the enums that SQL, Python and GraphQL share."""
