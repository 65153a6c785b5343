"""Adapters in memory: for unit tests alone, under the same contract suites."""
