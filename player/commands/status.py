"""``segue status``: what plays, once or live."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from typing import Annotated, Any

from cyclopts import Parameter
from google.protobuf.json_format import MessageToDict
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text
from segue.playback.v1 import playback_pb2, playback_service_pb2

from player.commands.following import followed
from player.commands.keys import IDLE_KEYS, keys
from player.commands.known_names import KnownNames, Named
from player.commands.outcome import Flag, Folder, User, run
from player.commands.playback_words import facts, what_plays
from player.commands.terminal_text import clock, say, track_words
from player.mesh_client import MeshClient, acting_as

_PLAYING = playback_pb2.Playback.Status.PLAYING
_NOTHING = "You have not played anything yet. Start with: segue play WORDS"
_TICK_S = 0.5
_NOBODY = Named()


def status(
    *,
    watch: Flag = False,
    as_json: Annotated[bool, Parameter(name="--json", negative=(), show_default=False)] = False,
    user: User = None,
    folder: Folder = None,
) -> int:
    """Show what plays, where, and how far it is.

    Parameters
    ----------
    watch
        Go on showing it, live, until q or Ctrl-C.
    as_json
        Print one JSON object; with --watch, one a line at every change.
    """

    async def work() -> int:
        async with acting_as(folder, user) as client:
            names = KnownNames(client)
            if not watch:
                await _print(await _read(client), names, as_json=as_json)
            elif as_json or not Console().is_terminal:
                async for playback in _changes(client):
                    await _print(playback, names, as_json=as_json)
            else:
                await _draw(client, names)
        return 0

    return run(work())


async def _read(client: MeshClient) -> Any:
    request = playback_service_pb2.GetPlaybackRequest()
    answer = await client.call(client.playback.GetPlayback, request)
    return answer.playback if answer.HasField("playback") else None


async def _changes(client: MeshClient) -> AsyncIterator[Any]:
    """The Playback now and at every change; None while nothing was ever played."""
    request = playback_service_pb2.WatchPlaybackRequest()
    async for answer in followed(client, client.playback.WatchPlayback, request):
        yield answer.playback if answer.HasField("playback") else None


async def _print(playback: Any, names: KnownNames, *, as_json: bool) -> None:
    if as_json:
        told = MessageToDict(playback, preserving_proto_field_name=True) if playback else {}
        print(json.dumps(told), flush=True)
    elif playback is None:
        say(_NOTHING)
    else:
        named = await names.of(playback)
        say(what_plays(playback, named))
        more = facts(playback, named)
        if more:
            say((more, "dim"))


async def _draw(client: MeshClient, names: KnownNames) -> None:
    """Positions advance on the screen by themselves; messages come only at changes."""
    told: list[tuple[Any, Named, float]] = []

    async def listen() -> None:
        async for playback in _changes(client):
            at = time.monotonic()
            named = Named() if playback is None else await names.of(playback)
            told[:] = [(playback, named, at)]

    listening, quitting = asyncio.create_task(listen()), asyncio.create_task(_quit())
    tasks = (listening, quitting)
    try:
        with Live(auto_refresh=False, transient=True) as screen:
            while not (listening.done() or quitting.done()):
                if told:
                    playback, named, at = told[0]
                    screen.update(picture(playback, time.monotonic() - at, named), refresh=True)
                await asyncio.wait(tasks, timeout=_TICK_S, return_when=asyncio.FIRST_COMPLETED)
        if listening.done():
            listening.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _quit() -> None:
    """Returns when q was pressed; never where there are no keys."""
    async for key in keys():
        if key == "quit":
            return
    await asyncio.Event().wait()


def picture(playback: Any, age_s: float, named: Named = _NOBODY) -> RenderableType:
    """A Playback as it was told ``age_s`` seconds ago, as it is now, and the keys."""
    shown_keys = Text(IDLE_KEYS, style="dim")
    if playback is None:
        return Group(Text(_NOTHING), shown_keys)
    position_ms, length_ms = playback.position_ms, playback.track.duration_ms
    if playback.status == _PLAYING:
        position_ms = min(length_ms, position_ms + round(age_s * 1000))
    bar = Table.grid(padding=(0, 1))
    bar.add_row(
        clock(position_ms),
        ProgressBar(total=max(length_ms, 1), completed=position_ms, width=48),
        clock(length_ms),
    )
    head = Text(track_words(playback.track), style="bold")
    doing = what_plays(playback, named, position_ms).split("  ")
    said = (doing[0], doing[-1], facts(playback, named))
    foot = Text("  ".join(part for part in said if part))
    return Group(head, bar, foot, shown_keys)
