"""Forms in which identity's things are stored and told, for several adapters."""
