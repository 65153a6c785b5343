"""A user's playback as pure values and functions; no clock, no store, no wire."""
