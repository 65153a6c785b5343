"""A copy of a running cluster is a cluster of one moment, or is refused."""

from __future__ import annotations

import itertools
from pathlib import Path

import psycopg
import pytest

from localmesh.base_backup import RunningCluster
from localmesh.faults import BackupRefused
from localmesh.postgres import EmbeddedPostgres, hand_over, restored_mark
from localmesh.supervisor import Supervisor
from meshkit import feeds_postgres
from meshkit.migrations import migrate

SLOTS = "SELECT count(*) FROM pg_replication_slots"


def embedded(folder: Path) -> EmbeddedPostgres:
    folder.mkdir(mode=0o700)
    return EmbeddedPostgres(folder, folder / "cluster", "admin", {"catalog": "one"})


@pytest.fixture
def postgres(short_folder: Path) -> EmbeddedPostgres:
    return embedded(short_folder / "postgres")


def copy_of(cluster: RunningCluster, target: Path) -> None:
    target.mkdir(mode=0o700)
    for member, content in cluster.members():
        if content is None:
            (target / member.name).mkdir(mode=0o700, exist_ok=True)
        else:
            (target / member.name).write_bytes(content.read())


async def test_a_copy_has_what_was_committed_and_begins_new_epochs_once(
    supervisor: Supervisor, postgres: EmbeddedPostgres, short_folder: Path
) -> None:
    await supervisor.start((postgres.spec(),))
    dsn = postgres.dsn("catalog")
    await migrate(dsn, schema="catalog", sources=[feeds_postgres.TABLES.migrations])
    with psycopg.connect(dsn, autocommit=True) as session:
        session.execute("CREATE TABLE tracks AS SELECT generate_series(1, 1000) AS id")
        (epoch,) = session.execute("SELECT epoch FROM change_feed_state").fetchone() or ()
        copied = embedded(short_folder / "copied")
        copy_of(RunningCluster(postgres.sockets, "admin"), copied.cluster)
        session.execute("DELETE FROM tracks")
        assert session.execute(SLOTS).fetchone() == (0,)
    await supervisor.remove("postgres")
    hand_over(copied.folder)
    restored_mark(copied.folder).touch()
    epochs = []
    for _ in range(2):
        await supervisor.start((copied.spec(),))
        with psycopg.connect(copied.dsn("catalog")) as session:
            assert session.execute("SELECT count(*) FROM tracks").fetchone() == (1000,)
            epochs.append(session.execute("SELECT epoch FROM change_feed_state").fetchone())
        await supervisor.remove("postgres")
    assert epochs[0] == epochs[1] != (epoch,)


async def test_a_copy_of_a_server_that_ends_meanwhile_is_refused(
    supervisor: Supervisor, postgres: EmbeddedPostgres, short_folder: Path
) -> None:
    await supervisor.start((postgres.spec(),))
    members = RunningCluster(postgres.sockets, "admin").members()
    for _, content in itertools.islice(members, 5):
        if content is not None:
            content.read()
    await supervisor.remove("postgres")
    with pytest.raises(BackupRefused, match="the database could not be copied: "):
        for _, content in members:
            if content is not None:
                content.read()


async def test_a_server_that_is_not_there_is_refused_in_words(postgres: EmbeddedPostgres) -> None:
    with pytest.raises(BackupRefused, match="the database does not answer"):
        RunningCluster(postgres.sockets, "admin").size()
