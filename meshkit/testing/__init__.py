"""What tests share: real embedded stores, and the contract suites of meshkit's own ports."""
