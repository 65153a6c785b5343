"""Bounded load scripts, each beside its limit."""
