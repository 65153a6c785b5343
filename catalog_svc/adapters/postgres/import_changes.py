"""What the transactions that change import runs tell."""

from __future__ import annotations

from typing import Final

CHANNEL: Final = "imports"
"""Where every change of a run is told, by its id."""
TELL: Final = f"RETURNING pg_notify(current_schema() || '.{CHANNEL}', id)"
"""What every statement that changes runs ends with: its commit wakes those who watch them."""
