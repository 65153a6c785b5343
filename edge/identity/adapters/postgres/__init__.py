"""Adapters over PostgreSQL, named by the port; what they share beside them."""
