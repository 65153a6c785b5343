"""Adapters over other services, named by the port."""
