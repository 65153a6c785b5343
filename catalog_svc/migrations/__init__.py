"""The schema, in ordered SQL files."""
