"""The calls of PlaylistInternalService, and what they share."""
