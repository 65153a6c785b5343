"""A device: plays what the user's playback says, obeys commands from elsewhere, and reports."""
