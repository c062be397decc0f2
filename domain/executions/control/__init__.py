"""Control of executions: the commands that they are sent, and waiting for their ends."""
