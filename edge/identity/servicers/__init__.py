"""Identity's contracts on the wire."""
