"""``segue demo``: the whole of Segue once, on real processes, with a summary at the end."""

from __future__ import annotations

import contextlib
import tempfile
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from rich.console import Console

from player.commands.outcome import run


def demo(
    *,
    music: Annotated[
        Path | None, Parameter(help="A folder of music. Default: a made album.")
    ] = None,
    port: int = 0,
    folder: Annotated[Path | None, Parameter(name="--dir")] = None,
) -> int:
    """Start a mesh, import music, search it with a typo, play it, recommend, and show figures.

    Without music of yours an album is synthesised. What recommends is trained on what was played
    and on what a few listeners save who are made up for it. All of it lies in a folder of its own,
    some 300 MB, which is removed at the end: nothing is left in your library.

    Parameters
    ----------
    port
        Where the edge listens; 0 takes a free port.
    folder
        The folder of a mesh to show it in, which keeps what is imported. A mesh that runs there
        already is used and left running. Nobody is made up in it. Default: a new one, removed at
        the end.
    """
    from player.demo.story import Story

    with contextlib.ExitStack() as stack:
        place = folder or Path(
            stack.enter_context(
                tempfile.TemporaryDirectory(prefix="segue-demo-", ignore_cleanup_errors=True)
            )
        )
        story = Story(Console(highlight=False), place, port, music, keeps=folder is not None)
        return run(story.tell())
