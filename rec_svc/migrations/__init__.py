"""The schema ``rec``, step by step."""
