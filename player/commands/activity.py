"""``segue history``, ``friends`` and ``preferences``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from cyclopts import App, Parameter
from rich.table import Table
from segue.playback.v1 import activity_service_pb2, history_service_pb2, preferences_service_pb2

from meshkit.ulids import new_id
from player.commands.following import followed
from player.commands.known_names import KnownNames, Named
from player.commands.outcome import CommandFailed, Flag, Folder, User, run
from player.commands.paging import PAGE, pages
from player.commands.playback_words import ref_words
from player.commands.terminal_text import cell, clock, say, show_table, track_words, when
from player.mesh_client import MeshClient, acting_as

preferences_app = App(name="preferences", help="Show and set how you want to listen.")

_BITRATE = preferences_service_pb2.Preferences.Bitrate
_NOBODY = "Nobody whom you follow shares what they listen to."
_Switch = Literal["on", "off"] | None


def history(
    *, limit: int = 20, distinct: Flag = False, user: User = None, folder: Folder = None
) -> int:
    """Show what you listened to, the latest first.

    Parameters
    ----------
    limit
        How many plays at most.
    distinct
        Each track once, at its latest play.
    """

    async def work() -> int:
        if limit < 1:
            raise CommandFailed("--limit must be 1 or more")
        async with acting_as(folder, user) as client:
            entries = await _plays(client, limit + 1, distinct=distinct)
            named = await _names(KnownNames(client), entries[:limit])
        if entries:
            show_table(history_table(entries[:limit], named))
            if len(entries) > limit:
                say((f"the latest {limit:,} shown; --limit {2 * limit} shows more", "dim"))
        else:
            say("Nothing was listened to yet: a play counts after 30 seconds, or half of a track.")
        return 0

    return run(work())


async def _plays(client: MeshClient, most: int, *, distinct: bool) -> list[Any]:
    request = history_service_pb2.ListHistoryRequest(page_size=min(most, PAGE), distinct=distinct)
    entries: list[Any] = []
    async for answer in pages(client, client.history.ListHistory, request):
        entries += answer.entries
        if len(entries) >= most:
            break
    return entries[:most]


async def _names(names: KnownNames, entries: Sequence[Any]) -> list[Named]:
    """The names for each HistoryEntry."""
    named = []
    for entry in entries:
        origin = entry.play.origin
        source = await names.source(origin.context) if origin.HasField("context") else ""
        named.append(Named(await names.device(entry.play.device_id), source))
    return named


def history_table(entries: Sequence[Any], named: Sequence[Named]) -> Table:
    """HistoryEntries with how much of each was heard, and the names for each."""
    table = Table(box=None, header_style="bold", pad_edge=False)
    for heading in ("When", "Track", "Heard", "On", ""):
        table.add_column(heading)
    for entry, names in zip(entries, named, strict=True):
        play, notes = entry.play, []
        if play.origin.HasField("context"):
            notes.append(f"from {ref_words(play.origin.context, names.source)}")
        notes += ["private"] if play.private_session else []
        table.add_row(
            cell(when(play.started_at), "dim"),
            cell(_track_or_id(entry.track)),
            clock(play.heard_ms),
            cell(names.device or play.device_id),
            cell(", ".join(notes), "dim"),
        )
    return table


def _track_or_id(track: Any) -> str:
    return track_words(track) if track.title else str(track.id)


def friends(*, watch: Flag = False, user: User = None, folder: Folder = None) -> int:
    """Show what the people whom you follow listen to, where they share it.

    Parameters
    ----------
    watch
        Go on showing it, live, until Ctrl-C.
    """

    async def work() -> int:
        async with acting_as(folder, user) as client:
            if watch:
                await _watch_friends(client)
                return 0
            request = activity_service_pb2.ListActivityRequest()
            found = (await client.call(client.activity.ListActivity, request)).friends
        for friend in found:
            say(friend_words(friend))
        if not found:
            say(_NOBODY)
        return 0

    return run(work())


async def _watch_friends(client: MeshClient) -> None:
    listed = await client.call(
        client.activity.ListActivity, activity_service_pb2.ListActivityRequest()
    )
    if not listed.friends:
        # The stream says nothing until somebody does.
        say(f"{_NOBODY} Who begins to is shown here, until Ctrl-C.")
    request = activity_service_pb2.WatchActivityRequest()
    async for answer in followed(client, client.activity.WatchActivity, request):
        if answer.HasField("activity"):
            say(friend_words(answer.activity))


def friend_words(friend: Any) -> str:
    """A FriendActivity in a line."""
    if friend.hidden:
        return f"{friend.user.username} shares no more"
    doing = "listens to" if friend.playing else "listened to"
    since = f" since {when(friend.at)}" if friend.playing else f" until {when(friend.at)}"
    return f"{friend.user.username} {doing} {_track_or_id(friend.track)}{since}"


@preferences_app.default
@preferences_app.command(name="show")
def show(*, user: User = None, folder: Folder = None) -> int:
    """Show how you want to listen."""

    async def work() -> int:
        async with acting_as(folder, user) as client:
            request = preferences_service_pb2.GetPreferencesRequest()
            answer = await client.call(client.preferences.GetPreferences, request)
        _show_preferences(answer.preferences)
        return 0

    return run(work())


@preferences_app.command(name="set")
def set_(
    *,
    bitrate: Literal["unlimited", "128", "192", "256", "320", "flac"] | None = None,
    offline: _Switch = None,
    normalize: _Switch = None,
    private: Annotated[_Switch, Parameter(help="Hide what you play from friends.")] = None,
    share: Annotated[_Switch, Parameter(help="Show friends what you play.")] = None,
    user: User = None,
    folder: Folder = None,
) -> int:
    """Set how you want to listen; what is not named stays.

    Parameters
    ----------
    bitrate
        The best rung to be offered: kbps of AAC, unlimited for the best AAC of the plan, or flac.
    offline
        Whether tracks may be kept offline.
    normalize
        Whether players even out loudness.
    """

    async def work() -> int:
        switches = {
            "offline_enabled": offline,
            "normalize": normalize,
            "private_session": private,
            "share_activity": share,
        }
        given = {name: state == "on" for name, state in switches.items() if state is not None}
        if bitrate is None and not given:
            raise CommandFailed("say what to set; see: segue preferences set --help")
        request = preferences_service_pb2.UpdatePreferencesRequest(
            preferences=preferences_service_pb2.Preferences(
                bitrate_pref=bitrate_of(bitrate), **given
            ),
            request_id=new_id(),
        )
        async with acting_as(folder, user) as client:
            answer = await client.call(client.preferences.UpdatePreferences, request)
        _show_preferences(answer.preferences)
        return 0

    return run(work())


def bitrate_of(word: str | None) -> Any:
    """The Preferences.Bitrate of a word; None: as it is."""
    if word is None:
        return _BITRATE.BITRATE_UNSPECIFIED
    return _BITRATE.Value(f"AAC_{word}" if word.isdecimal() else word.upper())


def _show_preferences(preferences: Any) -> None:
    bitrate = _BITRATE.Name(preferences.bitrate_pref).removeprefix("AAC_").lower()
    rows = {
        "bitrate": bitrate,
        "offline": _on(preferences.offline_enabled),
        "normalize": _on(preferences.normalize),
        "private": _on(preferences.private_session),
        "share": _on(preferences.share_activity),
    }
    for name, state in rows.items():
        say(f"{name:<10} {state}")


def _on(switched: bool) -> str:
    return "on" if switched else "off"
