"""Adapters over other services, by their contracts."""
