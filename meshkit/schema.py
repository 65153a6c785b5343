"""The schema of a service: its own tables and those that meshkit brings along, by one name."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from meshkit import migrations, postgres
from meshkit.migrations import MigrationSource


@dataclass(frozen=True, slots=True)
class Tables:
    """A part of a schema: how it is made and, where it grows by itself, how it is pruned.

    ``prune`` drops what is over its time, in transactions of bounded size.
    """

    migrations: MigrationSource
    prune: Callable[[postgres.Pool], Awaitable[object]] | None = None

    @classmethod
    def of_package(cls, package: str) -> Tables:
        """The tables of the migrations inside an importable package."""
        return cls(MigrationSource.of_package(package))


@dataclass(frozen=True, slots=True)
class Schema:
    """A schema by the name that its role has, too, and all that it is made of, in order."""

    name: str
    tables: tuple[Tables, ...]

    @property
    def sources(self) -> list[MigrationSource]:
        """The migrations of all parts."""
        return [part.migrations for part in self.tables]

    async def migrate(self, dsn: str) -> list[str]:
        """Apply what is missing. Raises as ``meshkit.migrations.migrate`` does."""
        return await migrations.migrate(dsn, schema=self.name, sources=self.sources)

    async def migrated(self, dsn: str) -> None:
        """Bring it up to date, as soon as the store answers."""
        await migrations.migrated(dsn, schema=self.name, sources=self.sources)

    async def prune(self, pool: postgres.Pool) -> None:
        """Drop what is over its time in every part."""
        for part in self.tables:
            if part.prune is not None:
                await part.prune(pool)
