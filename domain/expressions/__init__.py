"""Expressions and templates: compiled once, and evaluated in the process or in the sandbox."""
