"""The real stores and programs behind the ports."""
