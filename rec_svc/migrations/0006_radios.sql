-- Radios of users. `revision` rises with each block that one gives: of two that give at once one goes.
CREATE TABLE radios (
    radio_id text COLLATE "C" PRIMARY KEY,
    user_id text COLLATE "C" NOT NULL,
    revision bigint NOT NULL DEFAULT 0,
    created_at_ms bigint NOT NULL,
    title text NOT NULL,
    seed_kind text NOT NULL,
    seed_id text COLLATE "C" NOT NULL,
    seed_track_ids text[] NOT NULL
);
CREATE INDEX radios_user ON radios (user_id, created_at_ms DESC, radio_id DESC);

-- What each radio gave, and what was done with it there: the last play of it, whether that was a skip,
-- and when it was saved.
CREATE TABLE radio_tracks (
    radio_id text COLLATE "C" NOT NULL REFERENCES radios ON DELETE CASCADE,
    track_id text COLLATE "C" NOT NULL,
    given_at_ms bigint NOT NULL,
    played_at_ms bigint NOT NULL DEFAULT 0,
    skipped boolean NOT NULL DEFAULT false,
    saved_at_ms bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (radio_id, track_id)
);
CREATE INDEX radio_tracks_forgettable ON radio_tracks (given_at_ms)
    WHERE NOT skipped AND saved_at_ms = 0;

CREATE INDEX tracks_of_genre ON tracks (genre, streams DESC, added_at_ms DESC, track_id DESC)
    WHERE available AND genre <> '';
