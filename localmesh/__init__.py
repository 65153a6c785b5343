"""The whole mesh on one machine: stores, services and edge, supervised under one folder."""
