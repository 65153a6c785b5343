"""What identity counts in Valkey."""
