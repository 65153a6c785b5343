"""The schema ``identity``."""
