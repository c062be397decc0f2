"""Transformation rules: stored expressions that steps apply."""
