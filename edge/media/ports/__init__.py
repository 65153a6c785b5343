"""What the origin asks of the world: objects, capabilities verified, what it sent counted."""
