"""What fits models."""
