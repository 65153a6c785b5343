"""``segue demo``: the whole of Segue once, on real processes, with a summary at the end."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from rich.console import Console

from player.commands.outcome import Folder, run


def demo(
    *,
    music: Annotated[
        Path | None, Parameter(help="A folder of music. Default: a made album.")
    ] = None,
    port: int = 0,
    folder: Folder = None,
) -> int:
    """Start a mesh, import music, search it with a typo, play it, and show what was measured.

    Without music of yours an album is synthesised. A mesh that already runs in the folder is used
    and left running; one that the demonstration starts is stopped at its end.

    Parameters
    ----------
    port
        Where the edge listens; 0 takes a free port.
    """
    from player.demo.story import Story

    return run(Story(Console(highlight=False), folder, port, music).tell())
