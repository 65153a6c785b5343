"""Suites of playback's ports, and what its tests share."""
