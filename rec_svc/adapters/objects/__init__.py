"""Adapters over the object store."""
