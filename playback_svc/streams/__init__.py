"""Playback's runtime of held streams: what each of them knows, and what sees to all of them."""
