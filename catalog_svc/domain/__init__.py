"""The catalogue in itself: what things are, free of gRPC, drivers and processes."""
