"""How things are stored and told: messages from and to the domain."""
