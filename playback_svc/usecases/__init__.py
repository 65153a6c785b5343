"""One class a thing that a caller can ask of playback."""
