"""The calls of SharingService, and what they share."""
