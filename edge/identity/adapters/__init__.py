"""Stores, hashers and signers behind the ports; only wiring names them."""
