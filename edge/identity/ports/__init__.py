"""What identity asks of stores, hashers and signers.

Each "must" has a test in tests/contracts/identity or, where there is one adapter, in its tests.
"""
