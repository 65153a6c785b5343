"""Laws of the code's shape that no linter knows: ``python -m tests.laws``."""
