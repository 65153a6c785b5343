"""The port of password hashes over argon2id."""
