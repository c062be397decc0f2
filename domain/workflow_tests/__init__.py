"""Tests of workflows: runs without side effects, in which steps answer what mocks say."""
