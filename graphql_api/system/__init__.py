"""The system itself: its health, and trying out an expression."""
