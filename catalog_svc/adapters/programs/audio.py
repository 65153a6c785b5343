"""``Audio`` by FFmpeg and Shaka Packager, both separate programs from the package index."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from catalog_svc.adapters.programs import cover, ffmpeg, ffprobe, packager
from catalog_svc.domain.audio import Decoded, Probe, RungPlan, SourceGone, StreamFacts, Target
from catalog_svc.domain.imports import Stamp
from catalog_svc.ports.preparation import PackagedRung


class ProgramAudio:
    """See ``Audio``."""

    def stamp(self, path: bytes) -> Stamp:
        try:
            status = os.stat(path)
        except OSError as error:
            raise SourceGone(f"it cannot be read: {os.strerror(error.errno or 0)}") from None
        return Stamp(status.st_size, status.st_mtime_ns, status.st_ino)

    async def probe(self, path: bytes) -> Probe:
        return await ffprobe.probe(path)

    async def identity(self, path: bytes, facts: StreamFacts) -> bytes:
        return await ffmpeg.identity(path, facts)

    async def encode(
        self,
        path: bytes,
        facts: StreamFacts,
        *,
        target: Target,
        plans: Sequence[RungPlan],
        folder: Path,
        measure: bool,
    ) -> tuple[Decoded, list[Path]]:
        return await ffmpeg.encode(
            path, facts, target=target, plans=plans, folder=folder, measure=measure
        )

    async def package(self, encoded: Mapping[RungPlan, Path], folder: Path) -> list[PackagedRung]:
        return await packager.package(encoded, folder)

    async def cover(self, path: bytes, facts: StreamFacts) -> bytes:
        return await cover.cover(path, facts)
