"""Commands that control what plays, wherever it plays."""

from __future__ import annotations

import re
from typing import Any, Literal

from segue.device.v1 import device_service_pb2
from segue.playback.v1 import playback_pb2, playback_service_pb2

from meshkit.ulids import new_id
from player.commands.device_names import DeviceName, find_device, list_devices, tell_outcome
from player.commands.outcome import CommandFailed, Folder, User, run
from player.commands.terminal_text import clock, count, say, track_words
from player.commands.wishes import OBEYED_WITHIN
from player.mesh_client import MeshClient, acting_as

_STATUS = playback_pb2.Playback.Status


async def read_playback(client: MeshClient) -> Any:
    """The caller's Playback. Raises CommandFailed where nothing was ever played."""
    answer = await client.call(
        client.playback.GetPlayback, playback_service_pb2.GetPlaybackRequest()
    )
    if not answer.HasField("playback"):
        raise CommandFailed("you have not played anything yet; start with: segue play WORDS")
    return answer.playback


async def _tell_session(client: MeshClient, name: str, **fields: Any) -> Any:
    """Makes one of PlaybackService's calls for the session that plays; its answer."""
    playback = await read_playback(client)
    if playback.status == _STATUS.STOPPED:
        raise CommandFailed("nothing plays now; start with: segue play WORDS")
    request = getattr(playback_service_pb2, f"{name}Request")(
        playback_id=playback.playback_id, request_id=new_id(), **fields
    )
    return await client.call(getattr(client.playback, name), request)


def pause(*, user: User = None, folder: Folder = None) -> int:
    """Hold what plays."""

    async def work() -> int:
        async with acting_as(folder, user) as client:
            answer = await _tell_session(client, "Pause")
        say(f"paused at {clock(answer.position_ms)}")
        return 0

    return run(work())


def resume(*, user: User = None, folder: Folder = None) -> int:
    """Go on with what is paused."""

    async def work() -> int:
        async with acting_as(folder, user) as client:
            answer = await _tell_session(client, "Resume")
        say(f"goes on at {clock(answer.position_ms)}")
        return 0

    return run(work())


def seek(position: str, /, *, user: User = None, folder: Folder = None) -> int:
    """Go to another position in the track.

    Parameters
    ----------
    position
        From its start: seconds, or as 1:30 or 1:02:03.
    """

    async def work() -> int:
        wanted = parse_position(position)
        async with acting_as(folder, user) as client:
            answer = await _tell_session(client, "Seek", position_ms=wanted)
        say(f"at {clock(answer.position_ms)}")
        return 0

    return run(work())


def parse_position(word: str) -> int:
    """Milliseconds from ``90``, ``1:30`` or ``1:02:03``. Raises CommandFailed."""
    # Behind a colon stand two digits below 60; 99:99 is a slip, not 100 minutes and 39 seconds.
    if not re.fullmatch(r"[0-9]{1,5}|[0-9]{1,4}:[0-5][0-9]|[0-9]{1,3}(:[0-5][0-9]){2}", word):
        raise CommandFailed(f"{word!r} is no position; write seconds, or 1:30")
    seconds = 0
    for part in word.split(":"):
        seconds = seconds * 60 + int(part)
    return min(seconds * 1000, 2**31 - 1)


def skip(*, user: User = None, folder: Folder = None) -> int:
    """Go to the next track."""

    async def work() -> int:
        async with acting_as(folder, user) as client:
            playback = await read_playback(client)
            request = playback_service_pb2.SkipRequest(
                device_id=playback.device_id, request_id=new_id()
            )
            answer = await client.call(client.playback.Skip, request)
        say(f"plays {track_words(answer.track)}{skips_left(answer)}")
        return 0

    return run(work())


def skips_left(answer: Any) -> str:
    """How many skips an answer leaves, where they are limited."""
    if not answer.HasField("skips_remaining"):
        return ""
    minutes = -(-answer.seconds_until_reset // 60)
    left = count(answer.skips_remaining, "skip")
    return f"  ({left} left for the next {count(minutes, 'minute')})"


def previous(*, user: User = None, folder: Folder = None) -> int:
    """Go to the start of the track or, within its first 3 seconds, to the track before."""

    async def work() -> int:
        async with acting_as(folder, user) as client:
            answer = await _tell_session(client, "Previous")
        say(f"plays {track_words(answer.track)}")
        return 0

    return run(work())


def stop(*, user: User = None, folder: Folder = None) -> int:
    """End what plays."""

    async def work() -> int:
        async with acting_as(folder, user) as client:
            answer = await _tell_session(client, "Stop")
        say(f"stopped at {clock(answer.position_ms)}")
        return 0

    return run(work())


def shuffle(state: Literal["on", "off"], /, *, user: User = None, folder: Folder = None) -> int:
    """Shuffle what is left of what is played from, or go on in its own order."""

    async def work() -> int:
        async with acting_as(folder, user) as client:
            request = playback_service_pb2.SetShuffleRequest(
                shuffle=state == "on", request_id=new_id()
            )
            answer = await client.call(client.playback.SetShuffle, request)
        say(f"shuffle is {'on' if answer.shuffle else 'off'}")
        return 0

    return run(work())


def repeat(
    what: Literal["off", "track", "context"], /, *, user: User = None, folder: Folder = None
) -> int:
    """Repeat the track, or everything that is played from, or nothing."""

    async def work() -> int:
        async with acting_as(folder, user) as client:
            request = playback_service_pb2.SetRepeatRequest(
                repeat=playback_pb2.Playback.Repeat.Value(what.upper()), request_id=new_id()
            )
            answer = await client.call(client.playback.SetRepeat, request)
        say(f"repeat is {playback_pb2.Playback.Repeat.Name(answer.repeat).lower()}")
        return 0

    return run(work())


def transfer(
    device: DeviceName,
    /,
    *,
    play: bool | None = None,
    user: User = None,
    folder: Folder = None,
) -> int:
    """Move what plays to another device, with its queue and position.

    Parameters
    ----------
    play
        Whether it shall play there, or be held. Default: as it is now.
    """

    async def work() -> int:
        async with acting_as(folder, user) as client:
            chosen = await find_device(client, device)
            request = device_service_pb2.TransferRequest(
                device_id=chosen.device_id, play=play, request_id=new_id()
            )
            playback = (await client.call(client.devices.Transfer, request)).playback
        doing = "plays" if playback.status == _STATUS.PLAYING else "holds"
        place = clock(playback.position_ms)
        say(f"{chosen.name} {doing} {track_words(playback.track)} at {place}")
        return 0

    return run(work())


def volume(*words: str, user: User = None, folder: Folder = None) -> int:
    """Set how loud a device is, such as: segue volume Kitchen 40

    Parameters
    ----------
    words
        The device, and the volume in percent. Without a device: the one that plays.
    """

    async def work() -> int:
        percent = parse_percent(words[-1] if words else "")
        async with acting_as(folder, user) as client:
            chosen = await _device_or_active(client, " ".join(words[:-1]))
            request = device_service_pb2.SendCommandRequest(
                device_id=chosen.device_id, wait=OBEYED_WITHIN, request_id=new_id()
            )
            request.volume.percent = percent
            answer = await client.call(client.devices.SendCommand, request)
        tell_outcome(answer.command, chosen.name, f"{chosen.name} is at {percent} %")
        return 0

    return run(work())


async def _device_or_active(client: MeshClient, word: str) -> Any:
    if word:
        return await find_device(client, word)
    active = next((each for each in await list_devices(client) if each.active), None)
    if active is None:
        raise CommandFailed("nothing plays now; say which device: segue volume Kitchen 40")
    return active


def parse_percent(word: str) -> int:
    """A volume from ``40`` or ``40%``. Raises CommandFailed for what is not 0 to 100."""
    match = re.fullmatch(r"([0-9]{1,3})%?", word)
    if match is None or int(match[1]) > 100:
        raise CommandFailed("say how loud, from 0 to 100, such as: segue volume Kitchen 40")
    return int(match[1])
