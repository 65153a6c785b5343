"""Adapters over files, named by the port."""
