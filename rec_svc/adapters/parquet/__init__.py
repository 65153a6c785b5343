"""Adapters over files of Parquet in the object store."""
