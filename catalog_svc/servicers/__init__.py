"""The catalogue's contracts on the wire."""
