"""``segue play``: finds a track and plays it, with keys and a live screen."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import Annotated, Any, Literal

from cyclopts import Parameter
from rich.console import Console
from rich.live import Live

from meshkit.faults import Fault
from player.commands.outcome import CommandFailed, Folder, User, run
from player.commands.searching import best_track
from player.commands.terminal_text import plain, say
from player.domain.playlist import Quality
from player.domain.status import PlayerStatus
from player.keys import keys
from player.listening import Listening, at_real_latency, listening, start_session
from player.mesh_client import LocalUser, MeshClient, local_username
from player.screen import Screen, line
from player.settings import PlayerSettings
from player.wiring import PlayerOptions

_STEP_MS = 10_000
DEFAULT_DEVICE = "this-computer"


def play(
    *words: str,
    policy: Literal["dynamic", "brief"] = "dynamic",
    lossless: Annotated[bool, Parameter(negative=())] = False,
    sink: Literal["auto", "sound", "null"] = "auto",
    speed: float = 1.0,
    throttle: Annotated[list[str] | None, Parameter(negative=())] = None,
    seconds: float | None = None,
    device: str = DEFAULT_DEVICE,
    user: User = None,
    folder: Folder = None,
) -> int:
    """Find a track and play it. Space pauses, the arrows move by 10 s, q quits.

    Parameters
    ----------
    words
        What to play, as for segue search; the best match is taken.
    policy
        How the bitrate follows the link: dynamic, or the rule of the brief.
    lossless
        Play the FLAC rung where the plan and the track have it.
    sink
        sound needs a sound device, null plays silence in real time, auto takes what there is.
    speed
        Play silently this many times faster than real time.
    throttle
        Simulate a slow link: KBPS for all of the time, or SECONDS:KBPS, given several times.
    seconds
        Stop after this many seconds of music.
    device
        The name of this device to the playback service.
    """

    async def work() -> int:
        if not words:
            raise CommandFailed("say what to play, such as: segue play blue moon")
        options = PlayerOptions(
            sink=sink,
            speed=speed,
            link=link_of(throttle or []),
            policy=policy,
            settings=PlayerSettings(quality=Quality(lossless=lossless)),
        )
        async with MeshClient(folder, LocalUser(user or local_username())) as client:
            track = await best_track(client, " ".join(words))
            status = await play_track(client, track, device, options, seconds=seconds)
        Console(highlight=False).print(summary(status))
        return 0

    return run(work())


def link_of(words: list[str]) -> tuple[tuple[float, float], ...]:
    """The schedule of a simulated link: ``128`` for ever, ``20:128`` for 20 seconds."""
    steps = []
    for word in words:
        seconds, _, kbps = word.rpartition(":")
        try:
            steps.append((float(seconds or 1e9), float(kbps)))
        except ValueError:
            raise CommandFailed(f"--throttle {word}: write KBPS or SECONDS:KBPS") from None
    return tuple(steps)


async def play_track(
    client: MeshClient,
    track: Any,
    device: str,
    options: PlayerOptions,
    *,
    seconds: float | None = None,
    console: Console | None = None,
    on_status: Callable[[PlayerStatus], None] | None = None,
) -> PlayerStatus:
    """Plays a track to its end, or for ``seconds``, and returns the last status."""
    console = console or Console(highlight=False)

    def on_wait(fault: Fault) -> None:
        pause_s = fault.retry_after_s or 1
        say(f"{track.title} is being prepared; waiting {pause_s:g} s", console=console)

    answer = await start_session(client, track.id, device, on_wait=on_wait)
    async with listening(client, answer, device, options) as session:
        async with asyncio.TaskGroup() as group:
            typing = group.create_task(_obey_keys(session))
            status = await _show(session, track, console, seconds, on_status)
            typing.cancel()
        with contextlib.suppress(Fault):
            await session.stop()
        if session.ended is not None:
            console.print(session.ended.message, markup=False)
        elif status.state.value == "FAILED":
            await session.player.wait()
    return at_real_latency(status, options.speed)


async def _show(
    session: Listening,
    track: Any,
    console: Console,
    seconds: float | None,
    on_status: Callable[[PlayerStatus], None] | None,
) -> PlayerStatus:
    title, artist = plain(track.title), plain(track.artist)
    screen = Screen(title, artist, session.player.sink_description)
    status = session.player.status()
    shown: tuple[Any, ...] = ()
    live = (
        Live(console=console, auto_refresh=False, transient=True) if console.is_terminal else None
    )
    with live or contextlib.nullcontext():
        async for status in session.player.watch():
            if on_status is not None:
                on_status(status)
            if live is not None:
                live.update(screen.render(status), refresh=True)
            elif shown != (status.state, status.rung_kbps):
                console.print(line(status), markup=False, soft_wrap=True)
                shown = (status.state, status.rung_kbps)
            if seconds is not None and status.position_ms >= seconds * 1000:
                break
    return status


async def _obey_keys(session: Listening) -> None:
    player = session.player
    async for key in keys():
        status = player.status()
        if key == "quit":
            await player.stop()
            return
        if key == "pause":
            await (session.resume() if status.state.value == "PAUSED" else session.pause())
        elif key == "forward":
            await session.seek(status.position_ms + _STEP_MS)
        elif key == "back":
            await session.seek(status.position_ms - _STEP_MS)
        elif key == "start":
            await session.seek(0)


def summary(status: PlayerStatus) -> str:
    """What was heard, in a line or two."""
    rungs = ", ".join(
        f"{kbps} kbps {seconds:.0f} s" for kbps, seconds in sorted(status.rung_seconds.items())
    )
    start = "-" if status.start_latency_ms is None else f"{status.start_latency_ms} ms"
    return (
        f"started after {start}; heard {rungs or 'nothing'}; "
        f"{status.switches} rung changes, {status.underruns} underruns"
    )
