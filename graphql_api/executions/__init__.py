"""Executions and their steps: types, queries, mutations and subscriptions."""
