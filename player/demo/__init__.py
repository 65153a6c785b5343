"""The demonstration: an album made on the spot, and the story that is told with it."""
