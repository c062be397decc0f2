"""PostgreSQL, which holds the truth: one module or folder for each subject, on one pool of connections."""
