"""What every Segue service stands on: server, clients, errors, stores. Knows no music."""
