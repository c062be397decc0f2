"""Tests of workflows: the engine in a confined process, over stores in memory and a clock that skips all waiting."""
