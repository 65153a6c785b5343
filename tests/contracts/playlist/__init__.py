"""Suites of the playlists' ports, and what their tests share."""
