"""The calls of PlaylistService, and what they share."""
