"""What identity does, one verb a module, free of transports and stores."""
