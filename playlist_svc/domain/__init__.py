"""Playlists as pure values and functions; no clock, no store, no wire."""
