"""Playback's contracts on the wire."""
