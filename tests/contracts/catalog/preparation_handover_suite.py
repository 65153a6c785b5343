"""The contract of ``Preparation`` where the file that a track came from goes away."""

from __future__ import annotations

from catalog_svc.domain.catalogue import TrackState
from catalog_svc.domain.imports import FileState, ImportState, SourceState
from catalog_svc.ports.preparation import DuplicateClaim, OwnClaim
from tests.contracts.catalog.stores import ROOT, CatalogueStores, found, publication, tagged

FIRST = "1" * 64


class HandoverContract:
    """Every adapter must pass; it gives ``stores``."""

    async def test_a_duplicate_takes_over_when_its_owner_is_refused(
        self, stores: CatalogueStores
    ) -> None:
        import_id, track_id, (first, second) = await self._duplicated(stores)
        await stores.preparation.refuse(first, "it vanished", remember=False)
        assert (await stores.only_track()).state is TrackState.PENDING
        run = await stores.run(import_id)
        assert run.state is ImportState.ENCODING
        assert (run.counts.duplicate, run.counts.failed, run.counts.searchable) == (0, 1, 2)
        assert await self._states(stores, import_id) == [FileState.FAILED, FileState.PENDING]
        claim = await stores.claimed(second, "audio", tagged("Copy 1"))
        assert claim == OwnClaim(track_id, "")
        assert await stores.preparation.publish(publication(second, track_id))
        last = publication(second, track_id, stage=2, replaces=FIRST)
        assert await stores.preparation.publish(last)
        run = await stores.run(import_id)
        assert (run.state, run.counts.complete) == (ImportState.DONE, 1)
        assert (await stores.only_track()).state is TrackState.READY

    async def test_a_handed_over_source_is_begun_anew(self, stores: CatalogueStores) -> None:
        _, _, (first, second) = await self._duplicated(stores)
        await stores.preparation.refuse(first, "it has a hole", remember=True)
        assert f"prepare/{second}" in await stores.waiting()
        begun = await stores.preparation.begin(second)
        assert begun is not None
        assert (begun[0].state, begun[1]) == (SourceState.PENDING, 1)
        known = await stores.scans.known(ROOT)
        assert [settled for _, (_, settled) in sorted(known.items())] == [True, False]

    async def test_a_track_fails_when_its_last_duplicate_is_refused(
        self, stores: CatalogueStores
    ) -> None:
        import_id, track_id, sources = await self._duplicated(stores, copies=3)
        for source_id in sources:
            assert (await stores.only_track()).state is TrackState.PENDING
            await stores.preparation.refuse(source_id, "it has a hole", remember=True)
        playable = await stores.playables.playable(track_id)
        assert playable is not None
        assert (playable.track.state, playable.failure) == (TrackState.FAILED, "it has a hole")
        run = await stores.run(import_id)
        assert (run.state, run.counts.failed) == (ImportState.DONE, 3)

    async def test_a_run_that_is_over_stays_as_it_was(self, stores: CatalogueStores) -> None:
        first_run, track_id, (first, second) = await self._duplicated(stores)
        await stores.preparation.publish(publication(first, track_id))
        await stores.preparation.publish(
            publication(first, track_id, stage=2, replaces=FIRST),
        )
        before = await stores.run(first_run)
        assert before.state is ImportState.DONE
        changed = found("0.flac", tagged("Copy 0"), size=2000)
        again = await stores.started()
        await stores.scans.record(again, ROOT, [changed])
        await stores.scans.record_unchanged(again, ROOT, {changed.path})
        await stores.scans.finish_scan(again)
        assert (await stores.counts(again)).unchanged == 1
        await stores.preparation.refuse(first, "it has a hole", remember=True)
        assert await stores.run(first_run) == before
        run = await stores.run(again)
        assert (run.state, run.counts.unchanged) == (ImportState.ENCODING, 0)
        await stores.claimed(second, "audio", tagged("Copy 1"))
        await stores.preparation.settle(second, track_id, complete=True)
        run = await stores.run(again)
        assert (run.state, run.counts.complete, run.counts.failed) == (ImportState.DONE, 1, 1)

    async def test_a_duplicate_completes_a_ready_track_whose_owner_vanished(
        self, stores: CatalogueStores
    ) -> None:
        _, track_id, (first, second) = await self._duplicated(stores)
        await stores.preparation.publish(publication(first, track_id))
        await stores.preparation.refuse(first, "it vanished", remember=False)
        assert (await stores.only_track()).state is TrackState.READY
        claim = await stores.claimed(second, "audio", tagged("Copy 1"))
        assert claim == OwnClaim(track_id, FIRST)
        await stores.preparation.settle(second, track_id, complete=False)
        assert f"complete/{second}" in await stores.waiting()

    async def test_a_file_that_was_moved_completes_its_ready_track(
        self, stores: CatalogueStores
    ) -> None:
        await stores.scanned(found("old/a.flac", tagged()))
        (old,) = await stores.source_ids()
        track_id = (await stores.claimed(old, "audio", tagged())).track_id
        await stores.preparation.publish(publication(old, track_id))
        await stores.preparation.refuse(old, "it vanished", remember=False)
        import_id = await stores.scanned(found("new/a.flac", tagged()))
        (new,) = set(await stores.source_ids()) - {old}
        claim = await stores.claimed(new, "audio", tagged())
        assert claim == OwnClaim(track_id, FIRST)
        assert (await stores.only_track()).id == track_id
        await stores.preparation.settle(new, track_id, complete=False)
        assert f"complete/{new}" in await stores.waiting()
        last = publication(new, track_id, stage=2, replaces=FIRST)
        assert await stores.preparation.publish(last)
        assert (await stores.run(import_id)).state is ImportState.DONE

    async def test_a_duplicate_takes_over_when_its_owner_becomes_other_audio(
        self, stores: CatalogueStores
    ) -> None:
        _, track_id, (first, second) = await self._duplicated(stores)
        other = await stores.claimed(first, "other audio", tagged("Other"))
        assert other.track_id != track_id
        claim = await stores.claimed(second, "audio", tagged("Copy 1"))
        assert isinstance(claim, OwnClaim)
        assert claim.track_id == track_id

    async def test_duplicates_follow_a_handed_over_track_that_is_merged(
        self, stores: CatalogueStores
    ) -> None:
        _, track_id, (first, second, third) = await self._duplicated(stores, copies=3)
        await stores.scanned(found("9.flac", tagged("Late")))
        (late,) = set(await stores.source_ids()) - {first, second, third}
        await stores.preparation.refuse(first, "it vanished", remember=False)
        kept = (await stores.claimed(late, "audio", tagged("Late"))).track_id
        claim = await stores.claimed(second, "audio", tagged("Copy 1"))
        assert isinstance(claim, DuplicateClaim)
        led = await stores.catalogue.track(track_id)
        assert led is not None
        assert led.id == kept
        for source_id in (late, second):
            await stores.preparation.refuse(source_id, "it vanished", remember=False)
        claim = await stores.claimed(third, "audio", tagged("Copy 2"))
        assert isinstance(claim, OwnClaim)
        assert claim.track_id == kept

    async def _duplicated(
        self, stores: CatalogueStores, copies: int = 2
    ) -> tuple[str, str, list[str]]:
        """A run, the track of its first file, and its sources, all of the same audio."""
        titles = [f"Copy {n}" for n in range(copies)]
        import_id = await stores.scanned(
            *(found(f"{n}.flac", tagged(title)) for n, title in enumerate(titles))
        )
        begun = [await stores.preparation.begin(one) for one in await stores.source_ids()]
        sources = sorted((one[0] for one in begun if one), key=lambda source: source.path)
        claims = [
            await stores.claimed(source.id, "audio", tagged(title))
            for source, title in zip(sources, titles, strict=True)
        ]
        assert list(map(type, claims)) == [OwnClaim, *[DuplicateClaim] * (copies - 1)]
        return import_id, claims[0].track_id, [source.id for source in sources]

    async def _states(self, stores: CatalogueStores, import_id: str) -> list[FileState]:
        files = await stores.imports.list_files(import_id, states=[], after=None, limit=9)
        return [file.state for file in files]
