"""The SQL of the schema ``playback``, in order."""
