"""Lists of executions: the parts of a filter in SQL, the indexes to walk along, pages and counts."""
