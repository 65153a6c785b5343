"""The catalogue put together as its process does it, on parts in memory."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from catalog_svc.adapters.files.media_objects import HashedObjects
from catalog_svc.adapters.memory.most_played import MemoryMostPlayed
from catalog_svc.adapters.memory.search_index import MemorySearchIndex
from catalog_svc.adapters.memory.store import MemoryStore
from catalog_svc.assembly import Parts, assemble
from catalog_svc.settings import Settings
from meshkit.leases import MemoryLeases
from meshkit.process import Serving
from meshkit.testing.rpc import ServedMesh, TokenIssuer, served_mesh, service_settings


def memory_parts(store: MemoryStore) -> Parts:
    """Parts in memory over a store, with an index and media objects of their own."""
    return Parts(
        catalogue=store,
        lists=store,
        playables=store,
        snapshot=store,
        edits=store.edits,
        imports=store,
        import_changes=store,
        orders=store,
        played=store,
        plays=store.plays,
        most_played=MemoryMostPlayed(),
        descriptors=HashedObjects("memory:///"),
        index=MemorySearchIndex(),
        report_index_lag=lambda _: None,
        feed=store.feed,
        leases=MemoryLeases(),
    )


def catalog_settings(
    tls: Path, *, dsn: str = "dbname=unused", import_roots: Sequence[Path] = ()
) -> Settings:
    """Settings of the service under test; what a test does not say is given to its parts."""
    return Settings(
        **service_settings(tls, "catalog").model_dump(),
        database_dsn=SecretStr(dsn),
        objects_url="unused",
        import_roots=tuple(import_roots),
        index_dir=Path("unused"),
        identity_target="unused",
        playlist_target="unused",
        playback_target="unused",
        valkey_url="unix:///unused",
    )


@asynccontextmanager
async def assembled(
    tls: Path, store: MemoryStore, *, import_roots: Sequence[Path] = (), **replaced: Any
) -> AsyncIterator[ServedMesh]:
    """The whole service over a memory store, served until left; drains at the end.

    ``replaced`` are the parts that a test makes up.
    """
    settings, issuer = catalog_settings(tls, import_roots=import_roots), TokenIssuer()
    serving = Serving(settings, issuer.verifier())
    assemble(serving, settings, replace(memory_parts(store), **replaced))
    async with served_mesh(serving, tls, issuer) as mesh:
        yield mesh
