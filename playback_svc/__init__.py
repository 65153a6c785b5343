"""What plays for whom, where and at which position: commands, heartbeats, and one truth a user."""
