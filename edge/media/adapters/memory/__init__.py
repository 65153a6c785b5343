"""Adapters over this process's memory, named by the port."""
