"""Children that are Python programs run on our modules, whatever folder they are in."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path


def python_module(module: str) -> tuple[str, ...]:
    """The beginning of a command that runs ``module``.

    ``-P``: nothing of the current folder is imported. It may be anybody's, and a clone of Segue
    that lies in it is a package ``segue`` to Python.
    """
    return (sys.executable, "-P", "-m", module)


def environment_of_child(given: Mapping[str, str] | None = None) -> dict[str, str]:
    """``given`` (default: our own environment) for a child that finds our modules, and whose own
    children import nothing of the current folder either.
    """
    kept = dict(os.environ if given is None else given)
    kept["PYTHONPATH"] = os.pathsep.join(_module_folders(kept.get("PYTHONPATH", "")))
    kept["PYTHONSAFEPATH"] = "1"
    kept["PYTHONUNBUFFERED"] = "1"
    return kept


def _module_folders(inherited: str) -> list[str]:
    """Where children find the modules: where this process did, whatever their own folder is."""
    root = Path(__file__).resolve().parent.parent
    # What is installed is found anyway, and must not come before the standard library.
    installed = root.name in ("site-packages", "dist-packages")
    ours = [] if installed else [str(root), str(root / "gen")]
    return [*ours, *(os.path.abspath(part) for part in inherited.split(os.pathsep) if part)]
