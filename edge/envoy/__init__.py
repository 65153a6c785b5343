"""The configuration of Envoy at the edge, derived from the contracts and a few settings."""
