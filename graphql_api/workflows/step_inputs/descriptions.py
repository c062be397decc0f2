"""Descriptions that several inputs share."""

OUTPUT = "An expression, or a text with {{ … }} in it: alone they keep the type of their value."
