"""The contract of the port that reads large values."""
