"""Adapters over object stores, named by the port."""
