"""``Audio`` by FFmpeg and Shaka Packager, both separate programs from the package index."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from catalog_svc.adapters.files.allowed_folders import AllowedFolders
from catalog_svc.adapters.programs import cover, ffmpeg, ffprobe, packager
from catalog_svc.adapters.programs.source import OpenSource, Sources
from catalog_svc.domain.audio import AudioRefused, Decoded, Probe, RungPlan, StreamFacts, Target
from catalog_svc.domain.imports import Stamp
from catalog_svc.ports.preparation import PackagedRung, WorkFolders


class ProgramAudio:
    """See ``Audio``. Files are opened here, below the allowed folders; programs inherit them."""

    def __init__(self, allowed: AllowedFolders, scratch: WorkFolders) -> None:
        self._allowed = allowed
        self._sources = Sources(allowed, scratch)

    def stamp(self, path: bytes) -> Stamp:
        opened = self._sources.open(path)
        try:
            status = os.fstat(opened)
        finally:
            os.close(opened)
        return Stamp(status.st_size, status.st_mtime_ns, status.st_ino)

    async def probe(self, path: bytes) -> Probe:
        async with self._opened(path) as source:
            return await ffprobe.probe(source)

    async def identity(self, path: bytes, facts: StreamFacts) -> bytes:
        async with self._opened(path) as source:
            return await ffmpeg.identity(source, facts)

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
        async with self._opened(path) as source:
            return await ffmpeg.encode(
                source, facts, target=target, plans=plans, folder=folder, measure=measure
            )

    async def package(self, encoded: Mapping[RungPlan, Path], folder: Path) -> list[PackagedRung]:
        return await packager.package(encoded, folder)

    async def cover(self, path: bytes, facts: StreamFacts) -> bytes:
        if facts.cover_stream is not None:
            async with self._opened(path) as source:
                image = await cover.embedded(source, facts.cover_stream)
            if image:
                return image
        return cover.beside(self._allowed, os.path.dirname(path))

    @asynccontextmanager
    async def _opened(self, path: bytes) -> AsyncIterator[OpenSource]:
        """The file, open for the block; what is refused may be so because it is gone."""
        async with self._sources.opened(path) as source:
            try:
                yield source
            except AudioRefused:
                self.stamp(path)
                raise
