"""Recommendations as values, arrays and functions; no clock, no store, no wire."""
