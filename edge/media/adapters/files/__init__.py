"""Adapters over files of this machine, named by the port."""
