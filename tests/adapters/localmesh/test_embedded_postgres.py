"""PostgreSQL under the mesh's folder: who may do what, and what survives."""

from __future__ import annotations

import contextlib
import os
import pwd
import shlex
import signal
import stat
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import psycopg
import pytest

from localmesh.postgres import EmbeddedPostgres, account_for, dsn_of, serves
from localmesh.programs import programs_for
from localmesh.spawning import run_tool
from localmesh.specs import Account
from localmesh.supervisor import Supervisor

Wait = Callable[[Callable[[], bool]], Awaitable[None]]


@pytest.fixture
def postgres(short_folder: Path) -> EmbeddedPostgres:
    folder = short_folder / "closed" / "postgres"
    folder.mkdir(parents=True)
    (short_folder / "closed").chmod(0o700)
    return EmbeddedPostgres(
        folder, folder / "cluster", "admin", {"catalog": "one", "playback": "two"}
    )


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
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            psycopg.connect(dsn_of(role, "guess", postgres.cluster))


async def test_it_listens_on_no_port_and_its_socket_is_closed_to_others(
    supervisor: Supervisor, postgres: EmbeddedPostgres
) -> None:
    await supervisor.start((postgres.spec(),))
    shown = "SELECT current_setting('listen_addresses'), inet_server_port()"
    with psycopg.connect(postgres.dsn("catalog")) as connection:
        assert connection.execute(shown).fetchone() == ("", None)
    for path in (postgres.cluster / ".s.PGSQL.5432", postgres.cluster):
        assert stat.S_IMODE(path.stat().st_mode) == 0o700


async def test_services_are_ordinary_roles(
    supervisor: Supervisor, postgres: EmbeddedPostgres
) -> None:
    await supervisor.start((postgres.spec(),))
    rights = (
        "SELECT rolname, rolsuper OR rolcreaterole OR rolcreatedb OR rolreplication OR rolbypassrls"
        " FROM pg_roles WHERE rolname IN ('catalog', 'playback') ORDER BY 1"
    )
    with psycopg.connect(postgres.dsn("catalog"), autocommit=True) as connection:
        assert connection.execute(rights).fetchall() == [("catalog", False), ("playback", False)]
        for statement in ("COPY (SELECT 1) TO PROGRAM 'true'", "SELECT pg_read_file('PG_VERSION')"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement)


async def test_what_it_runs_has_no_rights_but_its_users(
    supervisor: Supervisor, postgres: EmbeddedPostgres, short_folder: Path
) -> None:
    secret = short_folder / "closed" / "secret"
    secret.write_text("of whoever runs the mesh")
    secret.chmod(0o600)
    await supervisor.start((postgres.spec(),))
    words = f"cat {shlex.quote(str(secret))} 2>&1 || true; grep -E 'Cap|NoNew' /proc/self/status"
    superuser = dsn_of("postgres", "admin", postgres.cluster)
    with psycopg.connect(superuser, autocommit=True) as connection:
        connection.execute("CREATE TABLE said (line text)")
        connection.execute(f"COPY said FROM PROGRAM $run${words}$run$ (FORMAT csv, DELIMITER '~')")
        said = [line for (line,) in connection.execute("SELECT line FROM said").fetchall()]
    capabilities = {line.split()[0]: line.split()[1] for line in said if ":\t" in line}
    nothing = {"CapInh:", "CapPrm:", "CapEff:", "CapAmb:"}
    assert {name for name in capabilities if int(capabilities[name], 16) == 0} >= nothing
    assert capabilities["NoNewPrivs:"] == "1"
    if os.geteuid() == 0:
        assert "of whoever runs the mesh" not in said
        assert any("Permission denied" in line for line in said)


async def test_its_log_names_nobody(
    supervisor: Supervisor, postgres: EmbeddedPostgres, tmp_path: Path
) -> None:
    await supervisor.start((postgres.spec(),))
    with psycopg.connect(postgres.dsn("catalog"), autocommit=True) as connection:
        connection.execute("CREATE TABLE users (name text PRIMARY KEY, age int)")
        for statement in (
            "INSERT INTO users VALUES ('anna.karenina', 28)",
            "INSERT INTO users VALUES ('anna.karenina', 'anna.karenina')",
            "INSERT INTO users SELECT 'anna.karenina', 1 FROM generate_series(1, 2)",
            "anna.karenina",
        ):
            with contextlib.suppress(psycopg.Error):
                connection.execute(statement)
        with contextlib.suppress(psycopg.Error):
            connection.execute("INSERT INTO users VALUES (%s, 1)", ["anna.karenina"])
    await supervisor.remove("postgres")
    assert "anna" not in (tmp_path / "logs" / "postgres.log").read_text()


async def test_who_was_let_in_by_an_older_version_is_not_any_more(
    supervisor: Supervisor, postgres: EmbeddedPostgres
) -> None:
    await postgres.prepare()
    (postgres.cluster / "pg_hba.conf").write_text("local all all trust\n")
    await supervisor.start((postgres.spec(),))
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(dsn_of("catalog", "guess", postgres.cluster))


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
    later = EmbeddedPostgres(postgres.folder, postgres.cluster, "admin", passwords)
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
    supervisor: Supervisor, postgres: EmbeddedPostgres
) -> None:
    await supervisor.start((postgres.spec(),))
    left_over = int(_pid_file(postgres).read_text().split("\n")[0])
    assert serves(left_over, postgres.cluster)
    later = EmbeddedPostgres(postgres.folder, postgres.cluster, "admin", postgres.passwords)
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


def _as(account: Account | None) -> tuple[str, ...]:
    """How a program of ours is run as somebody who may not enter where it is installed."""
    if account is None:
        return ()
    who = (f"--reuid={account.uid}", f"--regid={account.gid}", "--clear-groups")
    return ("setpriv", *who, "--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search")


async def test_the_server_runs_for_a_user_who_is_not_root(
    short_folder: Path, programs: Path
) -> None:
    folder = short_folder / "postgres"
    folder.mkdir()
    account = account_for(folder / "cluster")
    if account is not None:
        os.chown(folder, account.uid, account.gid)
    status, said = await run_tool(
        (
            *(*_as(account), sys.executable, str(programs / "postgres_once.py")),
            *(str(folder), str(programs_for(account))),
        ),
        cwd=Path("/"),
        env={**os.environ, "HOME": str(folder)},
    )
    uid = account.uid if account else os.getuid()
    assert (status, said.split()) == (0, [str(uid), str(uid), "catalog"])
