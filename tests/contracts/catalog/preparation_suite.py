"""The contract of ``Preparation``, ``Playables`` and ``Catalogue``."""

from __future__ import annotations

import asyncio

from segue.catalog.v1 import catalog_pb2

from catalog_svc.domain.catalogue import Loudness, Track, TrackState
from catalog_svc.domain.edits import TrackEdit
from catalog_svc.domain.imports import Counts, FileState, ImportState
from catalog_svc.domain.jobs import Priority
from catalog_svc.domain.listings import TrackQuery
from catalog_svc.ports.preparation import DuplicateClaim, OwnClaim
from meshkit.feeds import Op
from meshkit.ulids import new_id
from tests.contracts.catalog.stores import ROOT, CatalogueStores, found, publication, tagged

FIRST, FULL = "1" * 64, "2" * 64


class PreparationContract:
    """Every adapter of these ports must pass; it gives ``stores``."""

    async def test_beginnings_are_counted_unless_interrupted(self, stores: CatalogueStores) -> None:
        await stores.scanned(found("a.flac", tagged()))
        (source_id,) = await stores.source_ids()
        for expected in (1, 2):
            begun = await stores.preparation.begin(source_id)
            assert begun is not None
            assert begun[1] == expected
        await stores.preparation.interrupted(source_id)
        begun = await stores.preparation.begin(source_id)
        assert begun is not None
        assert begun[1] == 2
        assert begun[0].path == ROOT + b"/a.flac"
        assert await stores.preparation.begin(new_id()) is None

    async def test_new_audio_keeps_the_searchable_track(self, stores: CatalogueStores) -> None:
        await stores.scanned(found("a.flac", tagged()))
        track = await stores.only_track()
        (source_id,) = await stores.source_ids()
        claim = await stores.claimed(source_id, "audio", tagged())
        assert claim == OwnClaim(track.id, "")
        assert await stores.only_track() == track

    async def test_a_file_of_unknown_tags_becomes_a_track_when_claimed(
        self, stores: CatalogueStores
    ) -> None:
        import_id = await stores.scanned(found("odd.bin"))
        (source_id,) = await stores.source_ids()
        head = await stores.feed.head()
        claim = await stores.claimed(source_id, "audio", tagged())
        assert (await stores.only_track()).id == claim.track_id
        assert (await stores.counts(import_id)).searchable == 1
        assert "track" in {change.entity for change in await stores.changes_after(head)}

    async def test_the_same_audio_is_one_track(self, stores: CatalogueStores) -> None:
        import_id = await stores.scanned(
            found("a.flac", tagged()), found("b.flac", tagged("Hunter (Copy)", artist="Someone"))
        )
        before = {track.title: track.id for track in await self._all(stores)}
        first, second = await self._sources_by_path(stores)
        await stores.claimed(first, "audio", tagged())
        head = await stores.feed.head()
        claim = await stores.claimed(second, "audio", tagged("Hunter (Copy)", artist="Someone"))
        assert claim == DuplicateClaim(before["Hunter"])
        assert (await stores.only_track()).id == before["Hunter"]
        led = await stores.catalogue.track(before["Hunter (Copy)"])
        assert led is not None
        assert led.id == before["Hunter"]
        gone = {c.entity for c in await stores.changes_after(head) if c.op is Op.DELETE}
        assert gone == {"track", "artist"}
        counts = await stores.counts(import_id)
        assert (counts.duplicate, counts.searchable) == (1, 2)

    async def test_racing_sources_of_the_same_audio_make_one_track(
        self, stores: CatalogueStores
    ) -> None:
        await stores.scanned(*(found(f"{n}.flac", tagged(f"Copy {n}")) for n in range(4)))
        sources = await stores.source_ids()
        claims = await asyncio.gather(
            *(
                stores.claimed(source, "audio", tagged(f"Copy {n}"))
                for n, source in enumerate(sources)
            )
        )
        assert sum(isinstance(claim, OwnClaim) for claim in claims) == 1
        assert len({claim.track_id for claim in claims}) == 1
        await stores.only_track()

    async def test_a_claim_made_twice_is_the_same_claim(self, stores: CatalogueStores) -> None:
        await stores.scanned(found("a.flac", tagged()))
        (source_id,) = await stores.source_ids()
        first = await stores.claimed(source_id, "audio", tagged())
        assert await stores.claimed(source_id, "audio", tagged()) == first

    async def test_new_tags_move_the_track_and_leave_nothing_empty(
        self, stores: CatalogueStores
    ) -> None:
        await stores.scanned(found("a.flac", tagged()))
        old = await stores.only_track()
        (source_id,) = await stores.source_ids()
        await stores.claimed(source_id, "audio", tagged())
        better = tagged("Army of Me", artist="Bjørk Guðmundsdóttir", album="Post", album_artist="B")
        await stores.claimed(source_id, "audio", better)
        track = await stores.only_track()
        assert (track.id, track.title, track.album) == (old.id, "Army of Me", "Post")
        assert track.version > old.version
        assert await stores.catalogue.artist(old.artist_id) is None
        assert await stores.catalogue.album(old.album_id) is None

    async def test_publishing_makes_all_of_it_true(self, stores: CatalogueStores) -> None:
        import_id, source_id, track_id = await self._claimed(stores)
        head = await stores.feed.head()
        done = publication(source_id, track_id, artwork="c" * 64)
        assert await stores.preparation.publish(done)
        track = await stores.only_track()
        assert (track.state, track.bitrates_kbps, track.lossless) == (
            TrackState.READY,
            (128, 320),
            False,
        )
        assert (track.duration_ms, track.loudness) == (255_500, Loudness(-9.5, -0.2))
        assert track.artwork == "c" * 64
        album = await stores.catalogue.album(track.album_id)
        assert album is not None
        assert (album.artwork, album.total_duration_ms) == ("c" * 64, 255_500)
        counts = await stores.counts(import_id)
        assert (counts.playable, counts.complete, counts.audio_ms) == (1, 0, 255_500)
        assert f"complete/{source_id}" in await stores.waiting()
        told = [c for c in await stores.changes_after(head) if c.entity == "track"]
        assert catalog_pb2.Track.FromString(told[-1].payload).bitrates_available == [128, 320]

    async def test_a_playable_names_its_descriptor_and_rungs(self, stores: CatalogueStores) -> None:
        _, source_id, track_id = await self._claimed(stores)
        before = await stores.playables.playable(track_id)
        assert before is not None
        assert (before.descriptor, before.rungs, before.file) == ("", (), "a")
        await stores.preparation.publish(publication(source_id, track_id))
        after = await stores.playables.playable(track_id)
        assert after is not None
        assert (after.descriptor, after.rungs) == (FIRST, (("128", 128), ("320", 320)))
        assert await stores.preparation.descriptor(track_id) == FIRST
        assert await stores.playables.playable(new_id()) is None

    async def test_what_can_be_streamed_is_told_with_its_version_under_the_id_that_was_asked_for(
        self, stores: CatalogueStores
    ) -> None:
        await stores.scanned(found("a.mp3", tagged("One")), found("b.mp3", tagged("Two")))
        ids = {track.id for track in await stores.catalogue.tracks(after=None, limit=9)}
        assert await stores.playables.streamable(ids) == []
        first, second = await stores.source_ids()
        kept = (await stores.claimed(first, "audio", tagged("One"))).track_id
        await stores.claimed(second, "audio", tagged("One"))
        await stores.preparation.publish(publication(first, kept))
        track = await stores.only_track()
        told = await stores.playables.streamable([*ids, new_id()])
        assert {one.track_id for one in told} == ids
        assert {(one.version, one.descriptor, one.rungs) for one in told} == {
            (track.version, FIRST, (("128", 128), ("320", 320)))
        }
        await stores.edits.edit_track(kept, TrackEdit(hidden=True), None)
        assert await stores.playables.streamable(ids) == []

    async def test_publishing_again_changes_nothing(self, stores: CatalogueStores) -> None:
        import_id, source_id, track_id = await self._claimed(stores)
        done = publication(source_id, track_id)
        await stores.preparation.publish(done)
        before = await stores.only_track(), await stores.counts(import_id)
        assert not await stores.preparation.publish(done)
        assert (await stores.only_track(), await stores.counts(import_id)) == before

    async def test_the_last_rungs_complete_the_run(self, stores: CatalogueStores) -> None:
        import_id, source_id, track_id = await self._claimed(stores)
        await stores.preparation.publish(publication(source_id, track_id))
        last = publication(source_id, track_id, stage=2, replaces=FIRST)
        assert await stores.preparation.publish(last)
        track = await stores.only_track()
        assert (track.bitrates_kbps, track.lossless) == ((128, 192, 256, 320), True)
        assert track.loudness == Loudness(-9.5, -0.2)
        run = await stores.run(import_id)
        assert run.state is ImportState.DONE
        assert run.counts == Counts(found=1, searchable=1, playable=1, complete=1, audio_ms=255_500)
        known = await stores.scans.known(ROOT)
        assert [settled for _, settled in known.values()] == [True]

    async def test_rungs_that_are_there_already_settle_a_source(
        self, stores: CatalogueStores
    ) -> None:
        import_id, source_id, track_id = await self._claimed(stores)
        await stores.preparation.settle(source_id, track_id, complete=False)
        assert (await stores.counts(import_id)).playable == 1
        await stores.preparation.settle(source_id, track_id, complete=True)
        assert (await stores.run(import_id)).state is ImportState.DONE

    async def test_a_refused_source_fails_its_track(self, stores: CatalogueStores) -> None:
        import_id, source_id, track_id = await self._claimed(stores)
        await stores.preparation.refuse(source_id, "it has a hole", remember=True)
        playable = await stores.playables.playable(track_id)
        assert playable is not None
        assert (playable.track.state, playable.failure) == (TrackState.FAILED, "it has a hole")
        failed = [FileState.FAILED]
        (file,) = await stores.imports.list_files(import_id, states=failed, after=None, limit=9)
        assert file.reason == "it has a hole"
        assert (await stores.run(import_id)).state is ImportState.DONE

    async def test_a_refusal_leaves_a_ready_track_alone(self, stores: CatalogueStores) -> None:
        _, source_id, track_id = await self._claimed(stores)
        await stores.preparation.publish(publication(source_id, track_id))
        await stores.preparation.refuse(source_id, "it vanished", remember=False)
        assert (await stores.only_track()).state is TrackState.READY

    async def test_audio_of_a_refused_source_is_free_for_another(
        self, stores: CatalogueStores
    ) -> None:
        await stores.scanned(found("a.flac", tagged()), found("b.flac", tagged("Other")))
        first, second = await self._sources_by_path(stores)
        await stores.claimed(first, "audio", tagged())
        await stores.preparation.refuse(first, "it has a hole", remember=True)
        claim = await stores.claimed(second, "audio", tagged("Other"))
        assert isinstance(claim, OwnClaim)

    async def test_a_refusal_that_is_not_remembered_is_tried_again(
        self, stores: CatalogueStores
    ) -> None:
        _, source_id, _ = await self._claimed(stores)
        file = found("a.flac", tagged())
        await stores.preparation.refuse(source_id, "it vanished", remember=False)
        known = await stores.scans.known(ROOT)
        assert known[file.path][0] != file.stamp

    async def test_a_wanted_track_goes_first(self, stores: CatalogueStores) -> None:
        await stores.scanned(found("a.flac", tagged()))
        track = await stores.only_track()
        (source_id,) = await stores.source_ids()
        await stores.playables.prioritize(track.id)
        await stores.playables.prioritize(track.id)
        assert (await stores.waiting())[f"prepare/{source_id}"] == Priority.WANTED

    async def test_tracks_are_paged_from_the_newest(self, stores: CatalogueStores) -> None:
        await stores.scanned(*(found(f"{n}.flac", tagged(f"Song {n}")) for n in range(5)))
        everything = await self._all(stores)
        order = [(track.created_at, track.id) for track in everything]
        assert order == sorted(order, reverse=True)
        place = everything[2]
        after = (round(place.created_at.timestamp() * 1_000_000), place.id)
        assert await stores.catalogue.tracks(after=after, limit=9) == everything[3:]

    async def test_album_tracks_come_by_disc_and_number(self, stores: CatalogueStores) -> None:
        places = [(2, 1), (1, 2), (1, 10), (0, 0)]
        await stores.scanned(
            *(
                found(f"{disc}-{number}.flac", tagged("T", disc_number=disc, track_number=number))
                for disc, number in places
            )
        )
        album_id = (await self._all(stores))[0].album_id
        listed = await stores.catalogue.album_tracks(album_id, after=None, limit=9)
        assert [(t.disc_number, t.track_number) for t in listed] == sorted(places)
        rest = await stores.catalogue.album_tracks(album_id, after=(1, 2, listed[1].id), limit=1)
        assert rest == listed[2:3]

    async def test_the_top_tracks_of_an_artist_are_bounded(self, stores: CatalogueStores) -> None:
        await stores.scanned(*(found(f"{n}.flac", tagged(f"Song {n}")) for n in range(4)))
        track = (await self._all(stores))[0]
        top = await stores.catalogue.top_tracks(track.artist_id, limit=3)
        assert [t.id for t in top] == sorted((t.id for t in await self._all(stores)), reverse=True)[
            :3
        ]

    async def test_unknown_ids_are_none(self, stores: CatalogueStores) -> None:
        assert await stores.catalogue.track(new_id()) is None
        assert await stores.catalogue.album(new_id()) is None
        assert await stores.catalogue.artist(new_id()) is None
        assert await stores.preparation.descriptor(new_id()) == ""

    async def _claimed(self, stores: CatalogueStores) -> tuple[str, str, str]:
        import_id = await stores.scanned(found("a.flac", tagged()))
        (source_id,) = await stores.source_ids()
        claim = await stores.claimed(source_id, "audio", tagged())
        return import_id, source_id, claim.track_id

    async def _all(self, stores: CatalogueStores) -> list[Track]:
        return await stores.catalogue.tracks(after=None, limit=50)

    async def _sources_by_path(self, stores: CatalogueStores) -> list[str]:
        begun = [await stores.preparation.begin(one) for one in await stores.source_ids()]
        sources = sorted((one[0] for one in begun if one), key=lambda source: source.path)
        return [source.id for source in sources]

    async def test_names_of_which_every_track_was_refused_are_told_as_silent(
        self, stores: CatalogueStores
    ) -> None:
        await stores.scanned(found("a.flac", tagged("One")), found("b.flac", tagged("Two")))
        first, second = await stores.source_ids()
        token = await stores.feed.head()
        await stores.preparation.refuse(first, "it has a hole", remember=True)
        assert [one.entity for one in await stores.changes_after(token)] == ["track"]
        before = await self._versions(stores)
        token = await stores.feed.head()
        await stores.preparation.refuse(second, "it has a hole", remember=True)
        told = {one.entity: one for one in await stores.changes_after(token)}
        assert told.keys() == {"track", "silent_artist", "silent_album"}
        after = (told["silent_artist"].version, told["silent_album"].version)
        assert after == await self._versions(stores)
        assert [new - old for new, old in zip(after, before, strict=True)] == [1, 1]
        names = ("artist", "album")
        listed = [one async for some in stores.listing.everything(names) for one in some]
        assert [one.entity for one in listed] == ["silent_artist", "silent_album"]

    async def test_silent_names_are_told_as_living_when_a_track_is_published(
        self, stores: CatalogueStores
    ) -> None:
        await stores.scanned(found("a.flac", tagged()))
        (source_id,) = await stores.source_ids()
        await stores.preparation.refuse(source_id, "it vanished", remember=False)
        before = await self._versions(stores)
        await stores.scanned(found("a.flac", tagged()))
        track_id = (await stores.claimed(source_id, "audio", tagged())).track_id
        token = await stores.feed.head()
        assert await stores.preparation.publish(publication(source_id, track_id))
        told = {one.entity for one in await stores.changes_after(token)}
        assert told >= {"track", "artist", "album"}
        after = await self._versions(stores)
        assert all(new > old for new, old in zip(after, before, strict=True))

    async def test_a_new_track_makes_silent_names_living(self, stores: CatalogueStores) -> None:
        await stores.scanned(found("a.flac", tagged("One")))
        (source_id,) = await stores.source_ids()
        await stores.preparation.refuse(source_id, "it has a hole", remember=True)
        token = await stores.feed.head()
        await stores.scanned(found("b.flac", tagged("Two")))
        told = [one.entity for one in await stores.changes_after(token)]
        assert sorted(told) == ["album", "artist", "track"]

    async def _versions(self, stores: CatalogueStores) -> tuple[int, int]:
        """The versions of the artist and of the album of any track."""
        every = TrackQuery(states=frozenset(TrackState))
        (track,) = await stores.catalogue.tracks(every, after=None, limit=1)
        artist = await stores.catalogue.artist(track.artist_id)
        album = await stores.catalogue.album(track.album_id)
        assert artist is not None
        assert album is not None
        return artist.version, album.version
