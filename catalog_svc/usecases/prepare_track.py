"""Make a track out of a file: identify it, encode it, publish it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import structlog

from catalog_svc.domain.asset import Asset, Rung
from catalog_svc.domain.audio import (
    AudioRefused,
    Decoded,
    Probe,
    RungPlan,
    SourceGone,
    Target,
    require_encodable,
    stage_rungs,
    target_of,
)
from catalog_svc.domain.bmff import read_init, read_media
from catalog_svc.domain.imports import Source, SourceState
from catalog_svc.domain.jobs import MAX_ATTEMPTS
from catalog_svc.domain.rungs import rung_of
from catalog_svc.domain.tags import Tags
from catalog_svc.ports.imports import TagReader
from catalog_svc.ports.preparation import (
    Audio,
    DuplicateClaim,
    MediaObjects,
    PackagedRung,
    Preparation,
    Publication,
    WorkFolders,
)

_log = structlog.get_logger("import")


@dataclass(frozen=True, slots=True)
class _Encoded:
    """The rungs of one stage, stored."""

    decoded: Decoded
    target: Target
    rungs: tuple[Rung, ...]


class PrepareTrack:
    """The two stages of making a track streamable. Each may run again at any point.

    Nothing is visible before its one commit, and objects are named by their content, so that
    doing work twice stores nothing twice.
    """

    def __init__(
        self,
        *,
        store: Preparation,
        audio: Audio,
        objects: MediaObjects,
        tags: TagReader,
        folders: WorkFolders,
    ) -> None:
        self._store = store
        self._audio = audio
        self._objects = objects
        self._tags = tags
        self._folders = folders

    async def first_rungs(self, source_id: str) -> None:
        """Stage 1: whose track the file is, and one low and one high rung of it."""
        await self._run(source_id, 1)

    async def other_rungs(self, source_id: str) -> None:
        """Stage 2: the rungs between, and FLAC from a lossless source."""
        await self._run(source_id, 2)

    async def _run(self, source_id: str, stage: int) -> None:
        begun = await self._store.begin(source_id)
        if begun is None:
            return
        source, attempts = begun
        expected = SourceState.PENDING if stage == 1 else SourceState.PLAYABLE
        if source.state is not expected:
            return
        try:
            if attempts > MAX_ATTEMPTS:
                raise AudioRefused(f"it could not be prepared in {MAX_ATTEMPTS} attempts")
            await (self._stage_1(source) if stage == 1 else self._stage_2(source))
        except AudioRefused as refusal:
            await self._refuse(source, refusal.reason, remember=attempts <= MAX_ATTEMPTS)
        except SourceGone as gone:
            await self._refuse(source, gone.reason, remember=False)
        except asyncio.CancelledError:
            await asyncio.shield(self._store.interrupted(source_id))
            raise

    async def _refuse(self, source: Source, reason: str, *, remember: bool) -> None:
        _log.info("import.refused", source=source.id, reason=reason)
        await self._store.refuse(source.id, reason, remember=remember)

    async def _stage_1(self, source: Source) -> None:
        probe = await self._audio.probe(source.path)
        require_encodable(probe.facts)
        identity = await self._audio.identity(source.path, probe.facts)
        tags = self._truth(source, probe)
        claim = await self._store.claim(source, audio_sha256=identity, tags=tags)
        if isinstance(claim, DuplicateClaim):
            return
        if claim.descriptor:
            asset = await self._objects.asset(claim.descriptor)
            complete = _is_complete(asset, lossless=probe.facts.lossless)
            await self._store.settle(source.id, claim.track_id, complete=complete)
            return
        encoded = await self._encode(source, probe, stage_rungs(1, lossless=False), measure=True)
        image = await self._audio.cover(source.path, probe.facts)
        artwork = await self._objects.put_artwork(image) if image else ""
        asset = _new_asset(claim.track_id, encoded)
        await self._publish(source, asset, encoded, replaces="", artwork=artwork, complete=False)

    async def _stage_2(self, source: Source) -> None:
        descriptor = await self._store.descriptor(source.track_id)
        asset = await self._objects.asset(descriptor)
        probe = await self._audio.probe(source.path)
        plans = stage_rungs(2, lossless=probe.facts.lossless)
        encoded = await self._encode(source, probe, plans, measure=False)
        if encoded.decoded.num_samples != asset.num_samples:
            raise SourceGone("it changed while it was imported")
        grown = asset.with_rungs(encoded.rungs)
        await self._publish(source, grown, encoded, replaces=descriptor, artwork="", complete=True)

    def _truth(self, source: Source, probe: Probe) -> Tags:
        """What the fast pass read, completed by ffprobe: both see what the other misses."""
        try:
            fast = self._tags.read(source.path) or Tags()
        except OSError as error:
            raise SourceGone("it cannot be read any more") from error
        return fast.filled_from(probe.tags).named_after(source.path)

    async def _encode(
        self, source: Source, probe: Probe, plans: Sequence[RungPlan], *, measure: bool
    ) -> _Encoded:
        target = target_of(probe.facts)
        async with self._folders.fresh() as folder:
            decoded, files = await self._audio.encode(
                source.path,
                probe.facts,
                target=target,
                plans=plans,
                folder=folder,
                measure=measure,
            )
            if self._audio.stamp(source.path) != source.stamp:
                raise SourceGone("it changed while it was imported")
            packaged = await self._audio.package(dict(zip(plans, files, strict=True)), folder)
            rungs = [await self._store_rung(rung, decoded.num_samples) for rung in packaged]
        return _Encoded(decoded, target, tuple(rungs))

    async def _store_rung(self, rung: PackagedRung, num_samples: int) -> Rung:
        init = (await self._objects.put_media([rung.init], read_init))[0]
        inspect = partial(read_media, default_sample_duration=init[1].default_sample_duration)
        media = await self._objects.put_media(rung.segments, inspect)
        return rung_of(rung.plan, rung.codecs, init=init, media=media, num_samples=num_samples)

    async def _publish(
        self,
        source: Source,
        asset: Asset,
        encoded: _Encoded,
        *,
        replaces: str,
        artwork: str,
        complete: bool,
    ) -> None:
        descriptor = await self._objects.put_asset(asset)
        await self._store.publish(
            Publication(
                source_id=source.id,
                track_id=asset.track_id,
                replaces=replaces,
                descriptor=descriptor,
                rungs=tuple((rung.name, rung.bitrate_kbps) for rung in asset.rungs),
                duration_ms=asset.duration_ms,
                loudness=encoded.decoded.loudness,
                artwork=artwork,
                complete=complete,
            )
        )


def _new_asset(track_id: str, encoded: _Encoded) -> Asset:
    samples, rate = encoded.decoded.num_samples, encoded.target.sample_rate_hz
    asset = Asset(
        track_id, round(samples * 1000 / rate), rate, encoded.target.channels, samples, ()
    )
    return asset.with_rungs(encoded.rungs)


def _is_complete(asset: Asset, *, lossless: bool) -> bool:
    wanted = {plan.name for stage in (1, 2) for plan in stage_rungs(stage, lossless=lossless)}
    return wanted <= {rung.name for rung in asset.rungs}
