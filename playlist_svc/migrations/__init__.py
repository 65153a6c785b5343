"""The schema ``playlist``, step by step."""
