"""Adapters over folders and objects."""
