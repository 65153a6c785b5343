"""The calls of PlaybackService, a module each."""
