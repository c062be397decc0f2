"""Unit tests of step executors."""
