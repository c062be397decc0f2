"""The sandbox: child processes for work of unknown cost, such as expressions that may not end."""
