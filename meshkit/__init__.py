"""What every Segue service stands on: server, clients, errors, stores. Knows gRPC, knows no music."""
