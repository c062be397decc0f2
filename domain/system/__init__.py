"""The system itself: worker processes, queues, health."""
