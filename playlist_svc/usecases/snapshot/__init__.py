"""The calls of SnapshotService, and what they share."""
