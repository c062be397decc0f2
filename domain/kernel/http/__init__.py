"""Bodies of HTTP messages: their media types and content encodings."""
