"""What identity is about, free of transports and stores."""
