"""The services of the mesh, as the launcher sees them: one row each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from localmesh.faults import CommandRefused

MOST_REPLICAS = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """One role of one program.

    ``prefix`` begins the names of its settings, ``workload`` names its certificate. A service
    with ``grpc`` or ``http`` listens for that. ``database`` is its role and schema. ``valkey_keys``
    and ``valkey_channels`` are patterns of what it keeps in Valkey. ``targets`` are the services
    that it calls. ``extra`` names its further settings (see processes.py).
    """

    name: str
    module: str
    command: str
    prefix: str
    workload: str
    grpc: bool = False
    http: bool = False
    database: str | None = None
    valkey_keys: tuple[str, ...] = ()
    valkey_channels: tuple[str, ...] = ()
    verifies_tokens: bool = True
    targets: tuple[str, ...] = ()
    extra: tuple[str, ...] = ()

    @property
    def http_cluster(self) -> str:
        """What the edge calls its instances over HTTP, beside those over gRPC."""
        return f"{self.name}-http" if self.grpc else self.name


SERVICES: Mapping[str, Service] = {
    service.name: service
    for service in (
        Service(
            name="identity",
            module="edge.identity",
            command="serve",
            prefix="SEGUE_IDENTITY_",
            workload="identity",
            grpc=True,
            http=True,
            database="identity",
            valkey_keys=("sign-ups:*",),
            extra=("SIGNING_KEY_FILE",),
        ),
        Service(
            name="catalog",
            module="catalog_svc",
            command="serve",
            prefix="SEGUE_CATALOG_",
            workload="catalog",
            grpc=True,
            database="catalog",
            valkey_keys=("tracks:*", "{tracks:*"),
            targets=("identity", "playback", "playlist"),
            extra=("OBJECTS_URL", "IMPORT_ROOTS", "INDEX_DIR"),
        ),
        Service(
            name="catalog-worker",
            module="catalog_svc",
            command="work",
            prefix="SEGUE_CATALOG_",
            workload="catalog",
            database="catalog",
            verifies_tokens=False,
            extra=("OBJECTS_URL", "IMPORT_ROOTS", "WORK_DIR"),
        ),
        Service(
            name="playback",
            module="playback_svc",
            command="serve",
            prefix="SEGUE_PLAYBACK_",
            workload="playback",
            grpc=True,
            database="playback",
            valkey_keys=("user:*", "skips:*", "held:*", "{positions}:*", "playback:inbox:*"),
            valkey_channels=("playback:inbox:*",),
            targets=("catalog", "identity", "playlist", "rec"),
            extra=("CAPABILITY_KEYS_FILE", "PUBLIC_URL"),
        ),
        Service(
            name="playlist",
            module="playlist_svc",
            command="serve",
            prefix="SEGUE_PLAYLIST_",
            workload="playlist",
            grpc=True,
            database="playlist",
            valkey_keys=("playlist:*", "share:*"),
            targets=("catalog", "identity"),
        ),
        Service(
            name="rec",
            module="rec_svc",
            command="serve",
            prefix="SEGUE_REC_",
            workload="rec",
            grpc=True,
            database="rec",
            valkey_keys=("recommendations:*",),
            targets=("catalog", "identity", "playback", "playlist"),
            extra=("OBJECTS_URL",),
        ),
        Service(
            name="rec-worker",
            module="rec_svc",
            command="work",
            prefix="SEGUE_REC_",
            workload="rec",
            database="rec",
            verifies_tokens=False,
            extra=("OBJECTS_URL",),
        ),
        Service(
            name="media",
            module="edge.media",
            command="serve",
            prefix="SEGUE_MEDIA_",
            workload="media",
            http=True,
            verifies_tokens=False,
            targets=("playback",),
            extra=("OBJECTS_URL", "CAPABILITY_KEYS_FILE", "SPOOL_DIR"),
        ),
    )
}


def replica_counts(
    wanted: Iterable[str], services: Mapping[str, Service] = SERVICES
) -> dict[str, int]:
    """``SERVICE=N`` words as a count for every service, 1 where none is given.

    Raises CommandRefused for a word that is not of that form, an unknown service, or a count
    outside 1 to 16.
    """
    counts = dict.fromkeys(services, 1)
    for word in wanted:
        name, count = parse_replicas(word, services)
        counts[name] = count
    return counts


def parse_replicas(word: str, services: Mapping[str, Service] = SERVICES) -> tuple[str, int]:
    """``SERVICE=N`` as name and count. Raises CommandRefused, see :func:`replica_counts`."""
    name, equals, count = word.partition("=")
    if name not in services or not equals:
        known = ", ".join(services)
        raise CommandRefused(f"{word}: give SERVICE=N, where SERVICE is one of {known}")
    if not count.isdecimal() or not 1 <= int(count) <= MOST_REPLICAS:
        raise CommandRefused(f"{word}: the number of instances is 1 to {MOST_REPLICAS}")
    return name, int(count)
