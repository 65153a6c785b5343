"""The demonstration, step by step: start, import, search, play fast over a slow link, play live,
recommend."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from rich.console import Console
from rich.table import Table
from segue.catalog.v1 import catalog_pb2, catalog_service_pb2

from localmesh.background import start_in_background
from localmesh.commands import stop_mesh
from localmesh.discovery import find_mesh
from localmesh.faults import MeshNotRunning
from localmesh.layout import Layout
from localmesh.mesh import MeshOptions
from meshkit.faults import Fault
from player.adapters.ffmpeg_decoder import find_ffmpeg
from player.commands.importing import show_refused, start_import, watch_import
from player.commands.outcome import CommandFailed
from player.commands.playing import play_track
from player.commands.searching import find
from player.commands.terminal_text import clock, count, show_table
from player.demo.album import Song, make_album
from player.demo.recommended import Recommendations
from player.domain.status import PlayerStatus
from player.mesh_client import LocalUser, MeshClient
from player.wiring import PlayerOptions

T = TypeVar("T")

_DEVICE = "demo-speaker"
_LISTENER = "demo"
_LIVE_S = 5.0
# So long it is played where that makes it count as heard.
_LIVE_MOST_S = 16.0
_BEYOND_HALF_S = 0.7
_FAST_PLAY_S = 12.0
_SLOW_KBPS, _FAST_KBPS = 230.0, 4000.0
_SLOW_MOST_S = 12.0
# Two segments: the rung is chosen for each.
_SHOWS_A_CHANGE_MS = 20_000
_SEARCHES = 20
_SHORTEST_TYPO = 5
_TRACK_READY = catalog_pb2.Track.State.READY
_IMPORT = catalog_pb2.Import.State


@dataclass(slots=True)
class Findings:
    """What the demonstration saw; shown at its end."""

    rows: list[tuple[str, str]] = field(default_factory=list)

    def add(self, what: str, seen: str) -> None:
        """Notes one line."""
        self.rows.append((what, seen))


class Story:
    """Tells the story once. ``music`` None: with an album made on the spot.

    ``keeps``: whether the folder stays when all is told.
    """

    def __init__(
        self, console: Console, folder: Path, port: int, music: Path | None, *, keeps: bool
    ) -> None:
        self._keeps = keeps
        self._console = console
        self._layout = Layout.at(folder)
        self._port = port
        self._music = music.expanduser().absolute() if music is not None else None
        self._findings = Findings()
        self._begun = time.perf_counter()

    async def tell(self) -> int:
        """Every step; returns 0. Raises CommandFailed that names the step that failed."""
        if self._music is not None and not self._music.exists():
            raise CommandFailed(f"{self._music} does not exist; name a folder of music")
        started = await self._step("start the mesh", self._start)
        try:
            await self._played()
        finally:
            if started:
                await asyncio.to_thread(stop_mesh, self._layout)
        self._findings.add("all of it", f"{time.perf_counter() - self._begun:.1f} s")
        self._show()
        return 0

    async def _played(self) -> None:
        music = self._music
        if music is None:
            music = await self._step("make an album", self._album)
        folder = self._layout.root
        async with MeshClient(folder, LocalUser(_LISTENER, "premium", admin=True)) as client:
            await self._step("import it", lambda: self._import(client, music))
            tracks = await self._step("find what can be played", lambda: self._ready(client))
            found = await self._step("search with a typo", lambda: self._search(client, tracks))
            await self._step("play over a slow link", lambda: self._play_fast(client, found))
            # The shortest: it counts as heard the soonest.
            other = next((track for track in reversed(tracks) if track.id != found.id), found)
            await self._step("play in real time", lambda: self._play_live(client, other))
            await self._step("recommend", lambda: self._recommend(client, tracks, other))

    async def _step(self, name: str, action: Callable[[], Awaitable[T]]) -> T:
        self._console.print(f"\n[bold]{name}[/bold]")
        try:
            return await action()
        except Fault as fault:
            raise CommandFailed(f"the demo could not {name}: {fault.message}") from fault
        except CommandFailed as error:
            raise CommandFailed(f"the demo could not {name}: {error}") from error

    async def _start(self) -> bool:
        try:
            mesh = find_mesh(self._layout.root)
        except MeshNotRunning:
            began = time.perf_counter()
            options = MeshOptions(self._layout.root, self._port, (), "console")

            def show(words: str) -> None:
                self._console.print(f"  {words}", markup=False)

            edge = await asyncio.to_thread(start_in_background, options, on_progress=show)
            seconds = time.perf_counter() - began
            self._findings.add("mesh started in", f"{seconds:.1f} s, at {edge}")
            self._console.print(f"ready at {edge} after {seconds:.1f} s")
            return True
        self._console.print(f"already runs at {mesh.edge}")
        self._findings.add("mesh", f"was running at {mesh.edge}")
        return False

    async def _album(self) -> Path:
        def on_song(song: Song) -> None:
            self._console.print(f"  {song.file_name}  {song.artist}", markup=False)

        ffmpeg = Path(find_ffmpeg())
        return await asyncio.to_thread(make_album, self._layout.root / "music", ffmpeg, on_song)

    async def _import(self, client: MeshClient, music: Path) -> None:
        """To the end for the made album; for music of somebody's until a track can be played that
        is long enough for a rung change.
        """
        started = await start_import(client, str(music))
        began, playable_after_s, shown = time.perf_counter(), 0.0, ""
        async for state in watch_import(client, started.id):
            ready = state.files_playable + state.files_unchanged + state.files_duplicate
            if ready and not playable_after_s:
                playable_after_s = time.perf_counter() - began
            if shown != _import_line(state):
                shown = _import_line(state)
                self._console.print(shown)
            if ready and self._music is not None and await self._long_enough(client):
                break
            if state.state == _IMPORT.FAILED:
                raise CommandFailed(state.error)
        if not playable_after_s:
            raise CommandFailed(f"no file in {music} can be played")
        await show_refused(client, state, self._console)
        self._findings.add(
            "first track playable", f"{playable_after_s:.1f} s after the import began"
        )
        self._findings.add("import", _import_line(state))
        self._findings.add("music", str(music))

    async def _long_enough(self, client: MeshClient) -> bool:
        return any(t.duration_ms >= _SHOWS_A_CHANGE_MS for t in await self._playable(client))

    async def _playable(self, client: MeshClient) -> list[Any]:
        request = catalog_service_pb2.ListTracksRequest(page_size=500)
        answer = await client.call(client.catalog.ListTracks, request)
        return [track for track in answer.tracks if track.state == _TRACK_READY]

    async def _ready(self, client: MeshClient) -> list[Any]:
        tracks = await self._playable(client)
        if not tracks:
            raise CommandFailed("the catalogue has no track that can be played")
        # The longest first: a rung change wants time to be seen.
        tracks.sort(key=lambda track: -min(track.duration_ms, 120_000))
        self._console.print(f"{len(tracks)} tracks, {clock(sum(t.duration_ms for t in tracks))}")
        return tracks

    async def _search(self, client: MeshClient, tracks: list[Any]) -> Any:
        wanted, word, typo = _misspelt(tracks)
        if not typo:
            # Titles of other scripts and of numbers: what is played is what was found.
            self._console.print("no title has a plain word of five letters to misspell")
            self._findings.add("search with a typo", "nothing to misspell in these titles")
            return wanted
        times = []
        answer: Any = None
        for _ in range(_SEARCHES):
            began = time.perf_counter()
            answer = await find(client, typo)
            times.append((time.perf_counter() - began) * 1000)
        titles = [f"{track.title} by {track.artist}" for track in answer.tracks[:3]]
        self._console.print(
            f"{typo!r} for {word!r}: {', '.join(titles) or 'nothing'}", markup=False
        )
        found = wanted.id in {track.id for track in answer.tracks}
        # In a large library others may be called much the same.
        if not found and self._music is None:
            raise CommandFailed(f"{typo!r} did not find {wanted.title!r}")
        times.sort()
        self._findings.add(
            "search with a typo",
            f"p50 {times[len(times) // 2]:.1f} ms, p95 {times[-2]:.1f} ms over {_SEARCHES}",
        )
        return wanted

    async def _play_fast(self, client: MeshClient, track: Any) -> None:
        length_s = track.duration_ms / 1000
        speed = max(1.0, min(40.0, length_s / _FAST_PLAY_S))
        link = ((min(_SLOW_MOST_S, length_s / 6), _SLOW_KBPS), (1e9, _FAST_KBPS))
        self._console.print(
            f"{track.title} at {speed:.1f} x real time; the link gives {_SLOW_KBPS:.0f} kbit/s for "
            f"{link[0][0]:.0f} s, then {_FAST_KBPS / 1000:.0f} Mbit/s"
        )
        options = PlayerOptions(speed=speed, link=link)
        status = await play_track(client, track, _DEVICE, options, console=self._console)
        if status.position_ms < track.duration_ms - 500:
            raise CommandFailed(
                f"it ended at {clock(status.position_ms)} of {clock(track.duration_ms)}"
            )
        if status.switches == 0 and track.duration_ms >= _SHOWS_A_CHANGE_MS:
            raise CommandFailed("no rung change was seen over a link that changed")
        self._findings.add("played to its end", f"{track.title}, {clock(status.duration_ms)}")
        self._findings.add("rungs over the slow link", _rungs(status))
        self._findings.add("underruns", str(status.underruns))

    async def _play_live(self, client: MeshClient, track: Any) -> None:
        half_s = track.duration_ms / 1000 / 2
        length_s = half_s + _BEYOND_HALF_S if half_s <= _LIVE_MOST_S else _LIVE_S
        status = await play_track(
            client, track, _DEVICE, PlayerOptions(), seconds=length_s, console=self._console
        )
        if status.start_latency_ms is None:
            raise CommandFailed(f"{track.title} gave no sound")
        self._findings.add("play to first audio", f"{status.start_latency_ms} ms, in real time")

    async def _recommend(self, client: MeshClient, tracks: list[Any], heard: Any) -> None:
        began = time.perf_counter()
        shown = Recommendations(client, self._layout.root, self._console)
        told = await shown.tell(tracks, heard, invents=not self._keeps)
        self._findings.add("recommended", told)
        self._findings.add("recommending took", f"{time.perf_counter() - began:.1f} s")

    def _show(self) -> None:
        if self._keeps:
            self._findings.add("everything lies in", str(self._layout.root))
        table = Table(title="What was seen", box=None, show_header=False, title_justify="left")
        for what, seen in self._findings.rows:
            table.add_row(what, seen)
        self._console.print()
        show_table(table, self._console)
        self._console.print("\nYour own: make up, then segue import FOLDER", style="dim")


def _import_line(state: Any) -> str:
    return (
        f"{count(state.files_found, 'file')}: {state.files_searchable} searchable, "
        f"{state.files_playable} playable, {state.files_complete} complete, "
        f"{state.files_unchanged} unchanged, {state.files_failed} refused"
    )


def _misspelt(tracks: list[Any]) -> tuple[Any, str, str]:
    """A track, a long word of its title, and the title with two letters of that word swapped.

    Empty words with the first track, where no title has a word that is long enough.
    """
    for track in tracks:
        for word in sorted(track.title.split(), key=len, reverse=True):
            middle = len(word) // 2
            swapped = word[: middle - 1] + word[middle] + word[middle - 1] + word[middle + 1 :]
            if (
                len(word) >= _SHORTEST_TYPO
                and word.isascii()
                and word.isalpha()
                and swapped != word
            ):
                return track, word, track.title.replace(word, swapped)
    return tracks[0], "", ""


def _rungs(status: PlayerStatus) -> str:
    parts = [f"{kbps} kbps {heard:.0f} s" for kbps, heard in sorted(status.rung_seconds.items())]
    return f"{', '.join(parts)}; {status.switches} changes"
