"""PostgreSQL under the mesh's folder: who may do what, and what survives."""

from __future__ import annotations

import os
import pwd
import signal
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import psycopg
import pytest

from localmesh.free_ports import PortAllocator
from localmesh.postgres import EmbeddedPostgres, account_for, serves
from localmesh.spawning import run_tool
from localmesh.specs import Account
from localmesh.supervisor import Supervisor

Wait = Callable[[Callable[[], bool]], Awaitable[None]]


@pytest.fixture
def postgres(tmp_path: Path, ports: PortAllocator) -> EmbeddedPostgres:
    folder = tmp_path / "closed" / "postgres"
    folder.mkdir(parents=True)
    (tmp_path / "closed").chmod(0o700)
    return EmbeddedPostgres(folder, ports.take(), "admin", {"catalog": "one", "playback": "two"})


def _pid_file(postgres: EmbeddedPostgres) -> Path:
    return postgres.cluster / "postmaster.pid"


async def test_a_role_owns_its_schema_and_enters_no_other(
    supervisor: Supervisor, postgres: EmbeddedPostgres
) -> None:
    await supervisor.start((postgres.spec(),))
    with psycopg.connect(postgres.dsn("catalog"), autocommit=True) as catalog:
        catalog.execute("CREATE TABLE tracks (id int)")
        assert catalog.execute("SELECT current_schema()").fetchone() == ("catalog",)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            catalog.execute("CREATE SCHEMA more")
    with psycopg.connect(postgres.dsn("playback"), autocommit=True) as playback:
        for statement in ("SELECT * FROM catalog.tracks", "CREATE TABLE public.mine (id int)"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                playback.execute(statement)


async def test_text_is_utf8_sorted_by_code_point_and_time_is_utc(
    supervisor: Supervisor, postgres: EmbeddedPostgres
) -> None:
    await supervisor.start((postgres.spec(),))
    with psycopg.connect(postgres.dsn("catalog")) as connection:
        settings = "SELECT current_setting('server_encoding'), current_setting('timezone')"
        assert connection.execute(settings).fetchone() == ("UTF8", "UTC")
        ordered = "SELECT string_agg(w, '' ORDER BY w) FROM unnest('{a,B,É,z}'::text[]) w"
        assert connection.execute(ordered).fetchone() == ("BazÉ",)
        assert connection.execute("SELECT upper('é')").fetchone() == ("É",)


async def test_nobody_comes_in_without_the_password(
    supervisor: Supervisor, postgres: EmbeddedPostgres
) -> None:
    await supervisor.start((postgres.spec(),))
    for role in ("catalog", "postgres"):
        dsn = f"postgresql://{role}:guess@127.0.0.1:{postgres.port}/segue"
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            psycopg.connect(dsn)
    assert not list(postgres.folder.rglob(".s.PGSQL*"))


async def test_what_was_committed_survives_a_killed_server(
    supervisor: Supervisor, postgres: EmbeddedPostgres, eventually: Wait
) -> None:
    await supervisor.start((postgres.spec(),))
    with psycopg.connect(postgres.dsn("catalog"), autocommit=True) as connection:
        connection.execute("CREATE TABLE tracks AS SELECT 7 AS id")
    (before,) = supervisor.status()
    os.kill(before.pid or 0, signal.SIGKILL)
    await eventually(
        lambda: supervisor.status()[0].restarts > 0 and supervisor.status()[0].state == "ready"
    )
    with psycopg.connect(postgres.dsn("catalog")) as connection:
        assert connection.execute("SELECT id FROM tracks").fetchone() == (7,)


async def test_a_changed_password_and_a_new_role_reach_an_old_cluster(
    supervisor: Supervisor, postgres: EmbeddedPostgres
) -> None:
    await supervisor.start((postgres.spec(),))
    await supervisor.remove("postgres")
    passwords = {"catalog": "changed", "playback": "two", "identity": "new"}
    later = EmbeddedPostgres(postgres.folder, postgres.port, "admin", passwords)
    await supervisor.start((later.spec(),))
    for role in passwords:
        with psycopg.connect(later.dsn(role)) as connection:
            assert connection.execute("SELECT current_schema()").fetchone() == (role,)


@pytest.mark.parametrize(
    "words",
    [f"{os.getpid()}\n/elsewhere\n", "", "1\n"],
    ids=["of another process", "empty", "of the first process"],
)
async def test_a_pid_file_of_a_power_cut_is_no_obstacle(
    supervisor: Supervisor, postgres: EmbeddedPostgres, words: str
) -> None:
    await postgres.prepare()
    _pid_file(postgres).write_text(words)
    if (account := account_for(postgres.cluster)) is not None:
        os.chown(_pid_file(postgres), account.uid, account.gid)
    await supervisor.start((postgres.spec(),))
    assert supervisor.status()[0].restarts == 0


async def test_a_server_that_outlived_its_supervisor_is_ended_first(
    supervisor: Supervisor, postgres: EmbeddedPostgres, ports: PortAllocator
) -> None:
    await supervisor.start((postgres.spec(),))
    left_over = int(_pid_file(postgres).read_text().split("\n")[0])
    assert serves(left_over, postgres.cluster)
    later = EmbeddedPostgres(postgres.folder, ports.take(), "admin", postgres.passwords)
    await later.prepare()
    assert not serves(left_over, postgres.cluster)


async def test_half_a_cluster_is_made_again(
    supervisor: Supervisor, postgres: EmbeddedPostgres
) -> None:
    half = postgres.folder / "cluster.new" / "base"
    half.mkdir(parents=True)
    await supervisor.start((postgres.spec(),))
    assert [path.name for path in postgres.folder.iterdir()] == ["cluster"]


def test_an_ordinary_user_runs_the_server_as_himself(tmp_path: Path) -> None:
    assert account_for(tmp_path / "cluster", effective_uid=1000) is None


def test_root_runs_the_server_as_nobody_or_as_the_owner_of_the_cluster(tmp_path: Path) -> None:
    nobody = pwd.getpwnam("nobody")
    account = account_for(tmp_path / "cluster", effective_uid=0)
    assert account == Account(nobody.pw_uid, nobody.pw_gid)
    found = tmp_path.stat()
    owner = Account(found.st_uid, found.st_gid) if found.st_uid else account
    assert account_for(tmp_path, effective_uid=0) == owner


async def test_the_server_runs_for_a_user_who_is_not_root(
    tmp_path: Path, programs: Path, ports: PortAllocator
) -> None:
    folder = tmp_path / "postgres"
    folder.mkdir()
    account = account_for(folder / "cluster")
    if account is not None:
        os.chown(folder, account.uid, account.gid)
    status, said = await run_tool(
        (sys.executable, str(programs / "postgres_once.py"), str(folder), str(ports.take())),
        cwd=Path("/"),
        env={**os.environ, "HOME": str(folder)},
        account=account,
    )
    uid = account.uid if account else os.getuid()
    assert (status, said.split()) == (0, [str(uid), str(uid), "catalog"])
