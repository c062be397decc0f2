"""What is decided about a request before it is read: where it comes from, whom it is for, what it may cost."""
