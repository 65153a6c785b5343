"""Adapters inside one process, for tests."""
