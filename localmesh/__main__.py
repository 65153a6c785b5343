"""``python -m localmesh``: the mesh commands alone."""

from __future__ import annotations

import sys

from localmesh.commands import app

if __name__ == "__main__":
    sys.exit(app())
