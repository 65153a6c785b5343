"""``segue play``: finds a track and plays it, with keys and a live screen."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from cyclopts import Parameter
from rich.console import Console
from segue.device.v1 import device_pb2
from segue.playback.v1 import playback_service_pb2

from meshkit.faults import Fault
from meshkit.ulids import new_id
from player.commands.device_names import find_device, tell_outcome
from player.commands.outcome import CommandFailed, Folder, User, run
from player.commands.performing import (
    Interruption,
    Stage,
    first_of,
    leave_quietly,
    linked,
    quit_by_key,
)
from player.commands.terminal_text import count, plain, say
from player.commands.wishes import Wish, command_of, find_wish, request_of
from player.device.device import Device
from player.device.link import Description
from player.domain.playlist import Quality
from player.domain.status import PlayerStatus
from player.listening import at_real_latency, listening, ready
from player.mesh_client import LocalUser, MeshClient, local_username
from player.settings import PlayerSettings
from player.wiring import PlayerOptions

_COMPUTER = Description(kind=device_pb2.Device.Kind.COMPUTER)
DEFAULT_DEVICE = "this-computer"


def play(
    *words: str,
    playlist: Annotated[str | None, Parameter(help="Play from a playlist: its name or id.")] = None,
    album: Annotated[str | None, Parameter(help="Play from an album, found by its words.")] = None,
    artist: Annotated[str | None, Parameter(help="Play all tracks of an artist.")] = None,
    shuffle: bool | None = None,
    on: str | None = None,
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
    """Find a track and play it, or play from a playlist, an album or an artist.

    Space pauses, the arrows move by 10 s, n and b go to the next and the previous track, q quits.

    Parameters
    ----------
    words
        What to play, as for segue search; the best match is taken. With --playlist, --album or
        --artist: the track to begin with.
    shuffle
        Shuffle what is played from. Default: as it was last time.
    on
        Play on another device of yours, by its name; this command ends at once.
    policy
        How the bitrate follows the link: dynamic, or the rule of the brief.
    lossless
        Play the FLAC rung where the plan and the track have it, and your preference names it: segue
        preferences set --bitrate flac.
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
        options = PlayerOptions(
            sink=sink,
            speed=speed,
            link=link_of(throttle or []),
            policy=policy,
            settings=PlayerSettings(quality=Quality(lossless=lossless)),
        )
        async with MeshClient(folder, LocalUser(user or local_username())) as client:
            wish = await find_wish(
                client, words, playlist=playlist, album=album, artist=artist, shuffle=shuffle
            )
            if on is not None:
                return await _play_elsewhere(client, wish, on)
            interruption, request = Interruption(), request_of(wish, device)
            status = await play_here(
                client, request, options, seconds=seconds, interruption=interruption
            )
        say(summary(status))
        return interruption.exit_status

    return run(work())


async def _play_elsewhere(client: MeshClient, wish: Wish, word: str) -> int:
    chosen = await find_device(client, word)
    answer = await ready(
        client,
        client.devices.SendCommand,
        command_of(wish, chosen.device_id),
        lambda fault: say(f"{fault.message}; waiting {fault.retry_after_s or 1:g} s"),
    )
    tell_outcome(answer.command, chosen.name, f"{wish.name} plays on {chosen.name}")
    return 0


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
) -> PlayerStatus:
    """Plays a track by itself to its end, or for ``seconds``, and returns the last status."""
    request = playback_service_pb2.PlayRequest(
        track_id=track.id, device_id=device, request_id=new_id()
    )
    return await play_here(client, request, options, seconds=seconds, console=console)


async def play_here(
    client: MeshClient,
    request: Any,
    options: PlayerOptions,
    *,
    seconds: float | None = None,
    console: Console | None = None,
    interruption: Interruption | None = None,
) -> PlayerStatus:
    """Plays what a PlayRequest asks for on this computer, which obeys other devices meanwhile.

    To the end of everything, for ``seconds`` of music, or until the interruption; returns the last
    status with the counts of all tracks. Raises the service's fault, PlayerError, and CommandFailed
    where it could not go on.
    """
    console = console or Console(highlight=False)

    def on_wait(fault: Fault) -> None:
        say(f"{fault.message}; waiting {fault.retry_after_s or 1:g} s", console=console)

    answer = await ready(client, client.playback.Play, request, on_wait)
    async with listening(client, answer, request.device_id, options) as device:
        stage = Stage(console, device.deck.description)
        async with linked(client, device, _COMPUTER):
            ends = [_perform(device, stage, seconds), quit_by_key(client, device, stage.tell)]
            if interruption is not None:
                ends.append(interruption.wait())
            try:
                await first_of(*ends)
            finally:
                await leave_quietly(device)
        _tell_end(device, console)
    return at_real_latency(stage.status, options.speed)


def _tell_end(device: Device, console: Console) -> None:
    """Why it ended, where that is not plain. Raises what broke it."""
    if device.failure is not None:
        raise device.failure
    if device.ended is None or device.ended.reason == "FINISHED":
        return
    if device.ended.reason == "FAILED":
        raise CommandFailed(device.ended.message)
    console.print(plain(device.ended.message), markup=False)


async def _perform(device: Device, stage: Stage, seconds: float | None) -> None:
    with stage.lit():
        async for showing in device.watch():
            if showing is None:
                return
            stage.show(showing)
            if seconds is not None and stage.heard_ms >= seconds * 1000:
                return


def summary(status: PlayerStatus) -> str:
    """What was heard, in a line or two."""
    rungs = ", ".join(
        f"{kbps} kbps {seconds:.0f} s" for kbps, seconds in sorted(status.rung_seconds.items())
    )
    start = "-" if status.start_latency_ms is None else f"{status.start_latency_ms} ms"
    return (
        f"started after {start}; heard {rungs or 'nothing'}; "
        f"{count(status.switches, 'rung change')}, {count(status.underruns, 'underrun')}"
    )
