"""``python -m tests.laws``: what breaks a law, a line each; exits 1 where something does.

Exceptions are listed with their reason, and an exception that nothing needs any more is one, too.
"""

from __future__ import annotations

import sys

from tests.laws import rpc_files, shapes
from tests.laws.sources import sources


def main() -> int:
    """The number of laws that are broken, as an exit code."""
    files = sources()
    broken = [
        *shapes.long_files(files),
        *shapes.long_functions(files),
        *shapes.positional_booleans(files),
        *shapes.names_twice(files),
        *rpc_files.not_found(files),
    ]
    print("\n".join(broken) or f"the laws hold in {len(files)} files", file=sys.stderr)
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
