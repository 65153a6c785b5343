"""What is read while somebody waits walks along an index, however much there is."""

from __future__ import annotations

import re
from typing import Any

import pytest

from meshkit import postgres
from rec_svc.adapters.postgres import (
    experiments,
    exposures,
    homes,
    listening,
    playlists,
    radio_feedback,
    radios,
    tracks,
    weekly_lists,
)
from rec_svc.ports.listening import MOST_TRACKS

INVENTED = (
    """
    INSERT INTO tracks (track_id, version, listing, available, streams, added_at_ms, artist_id,
                        genre)
    SELECT 't' || n, 1, 1, n % 10 > 0, n * 7919 % 1000, n * 7907 % 100000, 'a' || n % 500,
           'g' || n % 20
    FROM generate_series(1, 20000) n
    """,
    """
    INSERT INTO listened (user_id, track_id, plays, skips, last_begun_ms, last_played_ms)
    SELECT 'u' || n % 200, 't' || n, 1, 0, n, n FROM generate_series(1, 20000) n
    """,
    """
    INSERT INTO user_items (user_id, kind, item_id, version, listing, kept, changed_at_ms)
    SELECT 'u' || n % 200, 'SAVED_TRACK', 't' || n, 1, 1, true, n FROM generate_series(1, 20000) n
    """,
    """
    INSERT INTO playlists (playlist_id, version, listing, there, owner_id)
    SELECT 'p' || n, 1, 1, true, 'u' || n % 2000 FROM generate_series(1, 20000) n
    """,
    """
    INSERT INTO exposures (shown_id, user_id, surface, model_id, track_ids, propensities,
                           assignments, held_back, at_ms, shown_at_ms)
    SELECT 's' || n, 'u' || n % 200, 'home', 'm', ARRAY['t' || n], '{}', '{}', false, n, n
    FROM generate_series(1, 20000) n
    """,
    """
    INSERT INTO experiments (experiment_id, name, state, created_at_ms, body)
    SELECT 'e' || n, 'e' || n, CASE WHEN n % 20 = 0 THEN 'running' ELSE 'stopped' END, n, '{}'
    FROM generate_series(1, 1000) n
    """,
    """
    INSERT INTO experiment_users (experiment_id, user_id, arm, first_shown_ms)
    SELECT 'e' || n % 200, 'u' || n, 'control', n FROM generate_series(1, 20000) n
    """,
    """
    INSERT INTO weekly_lists (user_id, week, body, due_at_ms)
    SELECT 'u' || n % 5000, 202600 + n / 5000, '{}', n % 5000 FROM generate_series(1, 20000) n
    """,
    """
    INSERT INTO radios (radio_id, user_id, created_at_ms, title, seed_kind, seed_id, seed_track_ids)
    SELECT 'r' || n, 'u' || n % 200, n, 'Radio', 'track', 't' || n, ARRAY['t' || n]
    FROM generate_series(0, 1999) n
    """,
    """
    INSERT INTO radio_tracks (radio_id, track_id, given_at_ms, skipped)
    SELECT 'r' || n % 2000, 't' || n, n, n % 7 = 0 FROM generate_series(1, 20000) n
    """,
    """
    INSERT INTO homes (user_id, made_at_ms, changed_at, body)
    SELECT 'u' || n, n, CASE WHEN n % 100 = 0 THEN now() END, '{}' FROM generate_series(1, 20000) n
    """,
    """
    INSERT INTO user_items (user_id, kind, item_id, version, listing, kept, changed_at_ms)
    SELECT 'u' || n, 'BLOCKED_ARTIST', 'a' || n % 500, 1, 1, true, n
    FROM generate_series(1, 20000) n
    """,
    "ANALYZE",
)
OUTCOME = {"users": ["u7"], "subjects": ["t207"], "shown": ["s207"], "at": [300], "acted_on": 9_999}
READS: dict[str, tuple[str, Any]] = {
    "tracks": (tracks._BY_ID, [[f"t{n}" for n in range(100)]]),
    "of artists": (tracks._OF_ARTISTS, {"artists": ["a1", "a2"], "limit": 50}),
    "of genres": (tracks._OF_GENRES, {"genres": ["g1", "g2"], "limit": 50}),
    "radio": (radios._STATION, [0, "u7", "r7"]),
    "radios of a user": (radios._PAGE, ["u7", 3_000, "", 50]),
    "plays in radios": (
        radio_feedback._PLAY,
        [["r7"], ["u7"], ["t2007"], [9], [True]],
    ),
    "save in a radio": (
        radio_feedback._SAVE,
        {"user": "u7", "track": "t2007", "at": 2_010, "within": 100},
    ),
    "taken out": (radio_feedback._TAKE_OUT, {"user": "u7", "track": "t2007", "at": 2_010}),
    "popular": (tracks._POPULAR, [["t5"], 50]),
    "page": (tracks._PAGE, ["t5", 50]),
    "home": (homes._FIND, ["u7"]),
    "changes of a home": (homes._CHANGES, ["u7"]),
    "homes that changed": (homes._DROPPED, [100]),
    "who is blocked by anyone": (listening._BLOCKED_BY_ANYONE, [["a1", "a2", "a3"]]),
    "listened": (listening._LISTENED, ["u7", MOST_TRACKS]),
    "items": (listening._ITEMS, ["u7"]),
    "heard": (listening._HEARD, {"user": "u7", "since": 19_000}),
    "list of a play": (exposures._LISTS, {"kinds": ["play"], **OUTCOME}),
    "list of a save": (exposures._LISTS, {"kinds": ["save"], **OUTCOME}),
    "report": (exposures._SUMS, {"id": "e7", "week_ago": 0}),
    "running experiments": (experiments._RUNNING, []),
    "playlist": (playlists._BY_ID, ["p7"]),
    "listeners": (listening._LISTENERS, {"after": "u1", "limit": 100}),
    "lists that are due": (weekly_lists._DUE, [202601, 50, 20]),
    "list of a week": (weekly_lists._FIND, ["u7", 202601]),
    "lists of the weeks before": (weekly_lists._BEFORE, ["u7", 202600, 202603]),
    "playlists of an owner": (playlists._OF_OWNER, ["u7"]),
}


@pytest.mark.parametrize("read", list(READS))
async def test_a_read_touches_little_more_than_it_answers(pool: postgres.Pool, read: str) -> None:
    query, values = READS[read]
    async with pool.connection() as connection:
        for statement in INVENTED:
            await connection.execute(statement.encode())
        explained = await connection.execute(f"EXPLAIN (ANALYZE) {query}".encode(), values)
        plan = "\n".join(row[0] for row in await explained.fetchall())
    assert "Seq Scan" not in plan, plan
    touched = [int(float(rows)) for rows in re.findall(r"actual time=\S+ rows=(\S+)", plan)]
    assert max(touched) <= 101, plan
