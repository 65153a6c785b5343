"""Playlists: their content, history, sharing, library and files."""
