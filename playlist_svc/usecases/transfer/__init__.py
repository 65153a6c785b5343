"""The calls of TransferService, and what they share."""
