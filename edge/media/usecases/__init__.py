"""What the origin does: opens an asset for a capability, keeps descriptors at hand."""
