"""Adapters over Valkey, one file a port."""
