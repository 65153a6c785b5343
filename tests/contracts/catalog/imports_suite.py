"""The contract of ``Imports`` and ``ScanStore``."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable

import pytest
from segue.catalog.v1 import catalog_pb2

from catalog_svc.domain.catalogue import TrackState
from catalog_svc.domain.imports import Counts, FileState, ImportState, Stamp
from meshkit.faults import RequestIdReused
from meshkit.feeds import Op
from meshkit.idempotency import RequestKey
from tests.contracts.catalog.stores import ROOT, CatalogueStores, found, new_import, tagged

TOLD_WITHIN_S = 10.0


async def woken(changed: asyncio.Event, change: Awaitable[object]) -> None:
    """Makes a change and returns when those who wait for it are woken."""
    changed.clear()
    await change
    async with asyncio.timeout(TOLD_WITHIN_S):
        await changed.wait()


class ImportsContract:
    """Every adapter of ``Imports`` and ``ScanStore`` must pass; it gives ``stores``."""

    async def test_a_new_run_is_stored_and_its_scan_is_queued(
        self, stores: CatalogueStores
    ) -> None:
        run = new_import()
        assert await stores.imports.create(run, None) == run
        assert await stores.imports.get(run.id) == run
        assert f"scan/{run.id}" in await stores.waiting()

    async def test_the_same_request_id_makes_one_run(self, stores: CatalogueStores) -> None:
        key = RequestKey("user", "CreateImport", "r1", b"body")
        first = await stores.imports.create(new_import(), key)
        again = await stores.imports.create(new_import(), key)
        assert again == first
        assert len(await stores.waiting()) == 1
        other = RequestKey("user", "CreateImport", "r1", b"another body")
        with pytest.raises(RequestIdReused):
            await stores.imports.create(new_import(), other)

    async def test_an_unknown_run_is_none(self, stores: CatalogueStores) -> None:
        assert await stores.imports.get(new_import().id) is None

    async def test_a_file_with_tags_can_be_found_at_once(self, stores: CatalogueStores) -> None:
        head = await stores.feed.head()
        import_id = await stores.scanned(found("a.flac", tagged()))
        track = await stores.only_track()
        assert (track.title, track.artist, track.album) == ("Hunter", "Björk", "Homogenic")
        assert (track.state, track.version, track.bitrates_kbps) == (TrackState.PENDING, 1, ())
        assert await stores.counts(import_id) == Counts(found=1, searchable=1, audio_ms=255_000)
        changes = await stores.changes_after(head)
        latest = {change.entity: change for change in changes}
        assert set(latest) == {"track", "album", "artist"}
        told = catalog_pb2.Track.FromString(latest["track"].payload)
        assert (told.id, told.title, told.artist_id) == (track.id, "Hunter", track.artist_id)

    async def test_a_file_without_tags_waits_without_a_track(self, stores: CatalogueStores) -> None:
        import_id = await stores.scanned(found("odd.bin"))
        assert await stores.catalogue.tracks(after=None, limit=10) == []
        assert await stores.counts(import_id) == Counts(found=1)
        assert len(await stores.source_ids()) == 1

    async def test_one_artist_and_album_a_folded_name(self, stores: CatalogueStores) -> None:
        await stores.scanned(
            found("1.flac", tagged("Hunter")),
            found(
                "2.flac", tagged("Jóga", artist="BJORK", album="homogenic", album_artist="bjork")
            ),
        )
        one, other = await stores.catalogue.tracks(after=None, limit=10)
        assert (one.artist_id, one.album_id) == (other.artist_id, other.album_id)
        album = await stores.catalogue.album(one.album_id)
        assert album is not None
        assert (album.track_count, album.total_duration_ms) == (2, 510_000)
        artist = await stores.catalogue.artist(one.artist_id)
        assert artist is not None
        assert (artist.name, artist.track_count) == ("Björk", 2)

    async def test_an_album_counts_across_batches(self, stores: CatalogueStores) -> None:
        import_id = await stores.started()
        await stores.scans.record(import_id, ROOT, [found("1.flac", tagged("Hunter"))])
        await stores.scans.record(import_id, ROOT, [found("2.flac", tagged("Jóga"))])
        track = (await stores.catalogue.tracks(after=None, limit=1))[0]
        album = await stores.catalogue.album(track.album_id)
        assert album is not None
        assert album.track_count == 2

    async def test_a_file_recorded_twice_counts_once(self, stores: CatalogueStores) -> None:
        import_id = await stores.started()
        for _ in range(2):
            await stores.scans.record(import_id, ROOT, [found("a.flac", tagged())])
        assert (await stores.counts(import_id)).found == 1
        assert await stores.scans.recorded(import_id) == {b"a.flac"}
        await stores.only_track()

    async def test_a_refused_file_says_why(self, stores: CatalogueStores) -> None:
        refused = found("empty.mp3", size=0, reason="the file is empty", remember=True)
        import_id = await stores.scanned(refused)
        assert (await stores.counts(import_id)).failed == 1
        (file,) = await stores.imports.list_files(import_id, states=[], after=None, limit=10)
        assert (file.path, file.state, file.reason) == (
            b"empty.mp3",
            FileState.FAILED,
            "the file is empty",
        )
        assert (await stores.run(import_id)).state is ImportState.DONE

    async def test_a_refusal_is_remembered_only_when_asked(self, stores: CatalogueStores) -> None:
        await stores.scanned(
            found("empty.mp3", reason="the file is empty", remember=True),
            found("locked.mp3", reason="it cannot be read"),
        )
        known = await stores.scans.known(ROOT)
        assert known == {ROOT + b"/empty.mp3": (Stamp(1000, 1, 1), True)}

    async def test_what_is_known_lies_under_the_root(self, stores: CatalogueStores) -> None:
        await stores.scanned(found("a.flac", tagged()), found("sub/b.flac", tagged("Jóga")))
        under = await stores.scans.known(ROOT + b"/sub")
        assert list(under) == [ROOT + b"/sub/b.flac"]
        assert list(await stores.scans.known(ROOT + b"/a.flac")) == [ROOT + b"/a.flac"]
        assert await stores.scans.known(b"/mus") == {}
        assert len(await stores.scans.known(b"/")) == 2

    async def test_a_known_file_that_waits_is_followed_by_the_next_run_too(
        self, stores: CatalogueStores
    ) -> None:
        await stores.scanned(found("a.flac", tagged()))
        again = await stores.scanned(found("a.flac", tagged()))
        assert await stores.counts(again) == Counts(found=1, searchable=1, audio_ms=255_000)
        assert (await stores.run(again)).state is ImportState.ENCODING
        await stores.only_track()

    async def test_settled_files_are_unchanged_for_the_next_run(
        self, stores: CatalogueStores
    ) -> None:
        refused = found("empty.mp3", reason="the file is empty", remember=True)
        await stores.scanned(refused, found("gone.mp3", reason="bad", remember=True))
        again = await stores.started()
        await stores.scans.record_unchanged(again, ROOT, {ROOT + b"/gone.mp3"})
        await stores.scans.finish_scan(again)
        (file,) = await stores.imports.list_files(again, states=[], after=None, limit=10)
        assert (file.state, file.reason) == (FileState.FAILED, "the file is empty")
        assert await stores.counts(again) == Counts(found=1, failed=1)
        assert (await stores.run(again)).state is ImportState.DONE

    async def test_a_run_that_found_nothing_is_done(self, stores: CatalogueStores) -> None:
        run = await stores.run(await stores.scanned())
        assert run.state is ImportState.DONE
        assert run.finished_at is not None

    async def test_a_failed_run_says_why(self, stores: CatalogueStores) -> None:
        import_id = await stores.started()
        await stores.scans.fail(import_id, "The folder is gone.")
        run = await stores.run(import_id)
        assert (run.state, run.error) == (ImportState.FAILED, "The folder is gone.")
        await stores.scans.finish_scan(import_id)
        assert (await stores.run(import_id)).state is ImportState.FAILED

    async def test_whoever_watches_a_run_is_woken_by_each_of_its_changes(
        self, stores: CatalogueStores
    ) -> None:
        run, failing = await stores.started(), await stores.started()
        with (
            stores.import_changes.watching(run) as changed,
            stores.import_changes.watching(failing) as failed,
        ):
            await woken(changed, stores.scans.record(run, ROOT, [found("a.flac", tagged())]))
            await woken(changed, stores.scans.finish_scan(run))
            (source_id,) = await stores.source_ids()
            refusal = stores.preparation.refuse(source_id, "it has a hole", remember=True)
            await woken(changed, refusal)
            assert (await stores.run(run)).state is ImportState.DONE
            await woken(failed, stores.scans.fail(failing, "gone"))

    async def test_files_are_listed_by_path_in_pages_and_by_state(
        self, stores: CatalogueStores
    ) -> None:
        names = ["b.flac", "a.flac", "c/d.flac", "\udcff.flac"]
        import_id = await stores.scanned(
            *(found(name, tagged("Hunter")) for name in names),
            found("bad.mp3", reason="it is bad"),
        )
        listed = await stores.imports.list_files(import_id, states=[], after=None, limit=3)
        assert [file.path for file in listed] == [b"a.flac", b"b.flac", b"bad.mp3"]
        rest = await stores.imports.list_files(import_id, states=[], after=b"bad.mp3", limit=3)
        assert [file.path for file in rest] == [b"c/d.flac", b"\xff.flac"]
        failed = [FileState.FAILED]
        only = await stores.imports.list_files(import_id, states=failed, after=None, limit=9)
        assert [file.path for file in only] == [b"bad.mp3"]

    async def test_every_change_is_an_upsert_with_a_rising_version(
        self, stores: CatalogueStores
    ) -> None:
        head = await stores.feed.head()
        import_id = await stores.started()
        for number in range(3):
            file = found(f"{number}.flac", tagged(f"Song {number}"))
            await stores.scans.record(import_id, ROOT, [file])
        changes = await stores.changes_after(head)
        assert {change.op for change in changes} == {Op.UPSERT}
        versions = [change.version for change in changes if change.entity == "album"]
        assert versions == sorted(set(versions))
        assert len(versions) >= 3
