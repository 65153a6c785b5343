"""What stands at the mesh's rim: the proxy's configuration, identity, and the media origin."""
