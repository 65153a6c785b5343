"""The world behind the ports: object stores, the key file, counters in memory."""
