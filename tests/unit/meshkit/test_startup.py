"""Imports of a process that starts."""

from __future__ import annotations

import subprocess
import sys

_STARTS = """
import gc, sys
from meshkit.startup import lean_imports
with lean_imports():
    import structlog
    assert not gc.isenabled()
assert "rich" not in sys.modules
assert gc.isenabled()
assert gc.get_freeze_count() > 0
import rich
"""


def test_lean_imports_leave_rich_out_and_later_ones_may_take_it() -> None:
    done = subprocess.run([sys.executable, "-c", _STARTS], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_what_was_imported_before_stays() -> None:
    starts = _STARTS.replace("import gc, sys", "import gc, sys, rich").replace(
        'assert "rich" not in sys.modules', 'assert sys.modules["rich"] is rich'
    )
    done = subprocess.run([sys.executable, "-c", starts], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
