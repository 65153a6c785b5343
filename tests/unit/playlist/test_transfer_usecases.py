"""What importing and exporting decide, over stores inside one process."""

from __future__ import annotations

import asyncio
import itertools
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import pytest

from meshkit.faults import FailedPrecondition, Unavailable
from meshkit.ulids import new_ids, to_text
from playlist_svc.adapters.memory.heads import MemoryHeads
from playlist_svc.adapters.memory.matching import MemoryMatching
from playlist_svc.adapters.memory.playlists import MemoryPlaylists
from playlist_svc.adapters.memory.tracks import MemoryTracks
from playlist_svc.domain import formats
from playlist_svc.domain.formats import FileEntry, Format
from playlist_svc.domain.playlist import Head, Kind
from playlist_svc.ports.matching import Description, Match, Matched
from playlist_svc.ports.playlists import Kinds
from playlist_svc.ports.tracks import Track, TrackChange
from playlist_svc.usecases.access import Access
from playlist_svc.usecases.transfer.export_playlist import ExportPlaylist
from playlist_svc.usecases.transfer.file_thread import FileThread
from playlist_svc.usecases.transfer.find_tracks import BATCH, IN_FLIGHT, FindTracks
from playlist_svc.usecases.transfer.import_playlist import ImportCommand, ImportPlaylist, Progress

NOW_MS = 1_764_000_000_000


def new_id() -> str:
    return to_text(new_ids(1, NOW_MS)[0])


USER = new_id()


def a_track(title: str, duration_ms: int = 200_000, artwork_path: str = "") -> Track:
    return Track(
        track_id=new_id(),
        title=title,
        artist="Ada",
        artist_id=new_id(),
        album="First",
        album_id=new_id(),
        disc_number=1,
        track_number=1,
        duration_ms=duration_ms,
        year=2020,
        genres=(),
        streams_total=0,
        artwork_path=artwork_path,
        created_at_ms=NOW_MS,
    )


class Catalogue:
    """Has nothing that the copy was not told, and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[Sequence[str]] = []

    async def tracks(self, track_ids: Sequence[str]) -> list[Track]:
        self.asked.append(track_ids)
        return []


class Matching(MemoryMatching):
    """Remembers what it was asked; a batch with the title "broken" fails."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[Sequence[Description]] = []
        self.running = 0

    async def match(self, descriptions: Sequence[Description]) -> list[Matched]:
        self.asked.append(descriptions)
        self.running += 1
        try:
            # Later batches answer sooner: their order is not left to chance.
            await asyncio.sleep(0.01 / len(self.asked))
            if any(said.title == "broken" for said in descriptions):
                raise Unavailable("away")
            return await super().match(descriptions)
        finally:
            self.running -= 1


@dataclass
class World:
    store: MemoryPlaylists = field(default_factory=MemoryPlaylists)
    catalogue: Catalogue = field(default_factory=Catalogue)
    matching: Matching = field(default_factory=Matching)
    refreshed: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.tracks = MemoryTracks(self.catalogue)
        self.find_tracks = FindTracks(self.tracks, self.catalogue, self.matching)
        thread = FileThread()
        self.import_file = ImportPlaylist(
            thread, self.find_tracks, self.store, self.tracks, lambda: NOW_MS, new_id
        )
        access = Access(self.store, MemoryHeads())
        self.export = ExportPlaylist(thread, access, self.store, self.tracks, self.refresh)
        self._versions = itertools.count(1)

    async def refresh(self, head: Head) -> Head:
        self.refreshed.append(head.playlist_id)
        return head

    async def told(self, *tracks: Track) -> None:
        self.matching.tracks.extend(tracks)
        version = next(self._versions)
        await self.tracks.apply([TrackChange(one.track_id, version, one) for one in tracks], "")

    async def imported(self, content: bytes) -> list[Progress]:
        command = ImportCommand(USER, content)
        return [step async for step in self.import_file(command)]


def an_entry(title: str = "", identifier: str = "", artist: str = "Ada") -> FileEntry:
    return FileEntry(title, artist, "", None, "", identifier)


async def test_batches_come_in_order_whichever_is_answered_first() -> None:
    world = World()
    await world.told(a_track("Song"))
    entries = [an_entry("Song")] * (BATCH * 7 + 1)

    found = [batch async for batch in world.find_tracks(entries)]

    assert [len(batch) for batch in found] == [*[BATCH] * 7, 1]
    assert [one.index for batch in found for one in batch] == list(range(len(entries)))


async def test_an_entry_that_says_nothing_is_not_asked_for() -> None:
    world = World()
    here = a_track("Here")
    await world.told(here)
    entries = [
        an_entry("Lost"),
        an_entry(""),
        an_entry("Here", f"segue:track:{here.track_id}"),
        an_entry("", f"segue:track:{new_id()}"),
    ]

    (found,) = [batch async for batch in world.find_tracks(entries)]

    assert [one.match for one in found] == [Match.NONE, Match.NONE, Match.BY_ID, Match.NONE]
    assert world.matching.asked == [[Description("Lost", "Ada")]]
    assert len(world.catalogue.asked) == 1


async def test_ids_that_nobody_knows_cost_one_question_a_batch() -> None:
    world = World()
    entries = [an_entry(identifier=f"segue:track:{new_id()}") for _ in range(BATCH * 2)]

    found = [batch async for batch in world.find_tracks(entries)]

    assert {one.match for batch in found for one in batch} == {Match.NONE}
    assert [len(asked) for asked in world.catalogue.asked] == [BATCH, BATCH]
    assert world.matching.asked == []


async def test_a_batch_that_fails_ends_the_search_and_leaves_nothing_running() -> None:
    world = World()
    entries = [*[an_entry("Song")] * BATCH, an_entry("broken"), *[an_entry("Song")] * (BATCH * 9)]
    batches = world.find_tracks(entries)

    assert len(await anext(batches)) == BATCH
    with pytest.raises(Unavailable):
        await anext(batches)

    assert world.matching.running == 0
    assert len(world.matching.asked) <= IN_FLIGHT + 1


async def test_a_search_that_is_left_stops() -> None:
    world = World()
    batches = world.find_tracks([an_entry("Song")] * (BATCH * 20))
    await anext(batches)

    await batches.aclose()

    assert world.matching.running == 0
    assert len(world.matching.asked) <= IN_FLIGHT


async def test_the_first_version_says_what_was_imported() -> None:
    world = World()
    one, two = a_track("One", 1_000, "/one"), a_track("Two", 2_000)
    await world.told(one, two)
    content = (
        b'{"playlist": {"title": "Mix", "annotation": "Of old", "track": ['
        b'{"title": "One", "creator": "Ada"}, {"title": "Two", "creator": "Ada"},'
        b'{"title": "Lost"}, {"title": "One", "creator": "Ada"}]}}'
    )

    *_, last = await world.imported(content)

    head = await world.store.head(last.playlist_id)
    assert head is not None
    (snapshot,) = await world.store.snapshots(last.playlist_id, None, 10)
    assert (snapshot.kind, snapshot.author_id) == (Kind.CREATED, USER)
    assert snapshot.summary == "imported 3 of 4 tracks from a file"
    assert (head.title, head.description) == ("Mix", "Of old")
    assert (head.track_count, head.total_duration_ms) == (3, 4_000)
    assert head.artwork_paths == ("/one",)
    entries = (await world.store.content(head, 1)).order.slice(0)
    assert [to_text(entry.track_id) for entry in entries] == [
        one.track_id,
        two.track_id,
        one.track_id,
    ]
    assert {to_text(entry.added_by) for entry in entries} == {USER}
    assert {entry.added_at_ms for entry in entries} == {NOW_MS}


async def test_texts_of_a_file_are_cut_to_what_a_playlist_takes() -> None:
    world = World()
    content = b'{"playlist": {"title": "%b", "annotation": "%b"}}' % (b"t" * 1_999, b"a" * 2_500)

    (last,) = await world.imported(content)

    head = await world.store.head(last.playlist_id)
    assert head is not None
    assert (len(head.title), len(head.description)) == (200, 2_000)


async def test_a_user_with_too_many_playlists_is_told_and_gets_none() -> None:
    world = World(store=MemoryPlaylists(most_playlists=1))
    await world.imported(b"#EXTM3U")

    with pytest.raises(FailedPrecondition) as refused:
        await world.imported(b"#EXTM3U\n#EXTINF:1,Ada - Song\na.mp3\n")

    assert refused.value.reason == "COLLECTION_FULL"
    assert world.matching.asked == []


async def test_an_import_that_is_left_after_its_last_entry_makes_nothing() -> None:
    world = World()
    await world.told(a_track("Song"))
    steps = world.import_file(ImportCommand(USER, b"#EXTM3U\n#EXTINF:1,Ada - Song\na.mp3\n"))
    step = await anext(steps)

    await steps.aclose()

    assert step.done_count == step.entry_count == 1
    assert await world.store.heads_of(USER, Kinds.OWNED, None, 10) == []


async def test_an_export_of_the_newest_version_is_up_to_date_first() -> None:
    world = World()
    (made,) = await world.imported(b"#EXTM3U")
    head = await world.store.head(made.playlist_id)
    assert head is not None

    await world.export(made.playlist_id, USER, Format.XSPF)
    await world.export(made.playlist_id, USER, Format.XSPF, head.snapshot_id)

    assert world.refreshed == [made.playlist_id]


async def test_an_entry_of_which_nothing_is_known_keeps_its_id_and_length() -> None:
    world = World()
    track = a_track("Song")
    await world.told(track)
    *_, made = await world.imported(b"#EXTM3U\n#EXTINF:200,Ada - Song\na.mp3\n")
    forgetful = World(store=world.store)

    exported = await forgetful.export(made.playlist_id, USER, Format.JSPF)

    (entry,) = formats.read(exported.content).entries
    assert entry == replace(
        an_entry(identifier=f"segue:track:{track.track_id}", artist=""), duration_ms=200_000
    )


async def test_files_are_worked_on_one_at_a_time_and_a_broken_one_gives_its_turn_back() -> None:
    thread = FileThread()
    begun: list[int] = []
    going = threading.Event()

    def work(number: int) -> int:
        begun.append(number)
        if number == 0:
            assert going.wait(30)
            raise ValueError
        return number

    results = asyncio.gather(*(thread(work, n) for n in range(3)), return_exceptions=True)
    while not begun:
        await asyncio.sleep(0)
    for _ in range(20):
        await asyncio.sleep(0)
    before = list(begun)
    going.set()

    first, *others = await results
    assert before == [0]
    assert isinstance(first, ValueError)
    assert others == [1, 2]
