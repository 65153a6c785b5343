"""Between the domain and the messages of the contract."""
