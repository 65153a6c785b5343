"""What stands behind the ports: PostgreSQL, Valkey, the other services, and memory."""
