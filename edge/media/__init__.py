"""The media origin: manifests and segments by signed path, over HTTP alone."""
