-- What plays next, how long it was heard, and who may see it. What played before this keeps its
-- session's id as the id of its play.
ALTER TABLE player_state
    ADD COLUMN play_id text,
    ADD COLUMN play_started_at timestamptz,
    ADD COLUMN heard_ms integer NOT NULL DEFAULT 0,
    ADD COLUMN queue jsonb NOT NULL DEFAULT '{}',
    ADD COLUMN queued bytea NOT NULL DEFAULT '',
    ADD COLUMN private boolean NOT NULL DEFAULT false,
    ADD COLUMN skips_count integer NOT NULL DEFAULT 0,
    DROP CONSTRAINT player_state_ended_by_check,
    ADD CHECK (ended_by IN ('TAKEN_OVER', 'STOPPED', 'EXPIRED', 'FINISHED'));
ALTER TABLE sessions
    DROP CONSTRAINT sessions_ended_by_check,
    ADD CHECK (ended_by IN ('TAKEN_OVER', 'STOPPED', 'EXPIRED', 'FINISHED'));

-- Bodies that a state names: contexts and shuffled orders. Written once, never changed.
CREATE TABLE blobs (
    user_id text NOT NULL,
    blob_id text NOT NULL,
    body bytea NOT NULL,
    PRIMARY KEY (user_id, blob_id)
);
ALTER TABLE blobs ALTER COLUMN body SET STORAGE EXTERNAL;

ALTER TABLE devices RENAME COLUMN last_played_at TO seen_at;
ALTER TABLE devices
    ADD COLUMN name text,
    ADD COLUMN kind text NOT NULL DEFAULT 'OTHER',
    ADD COLUMN capabilities jsonb NOT NULL DEFAULT '{}',
    ADD COLUMN controllable boolean NOT NULL DEFAULT false,
    ADD COLUMN volume_percent integer,
    ADD COLUMN last_number integer NOT NULL DEFAULT 0,
    ADD COLUMN last_applied integer NOT NULL DEFAULT 0;

-- Mailboxes: 1, 2, 3, … for each device.
CREATE TABLE commands (
    user_id text NOT NULL,
    device_id text NOT NULL,
    number integer NOT NULL,
    kind text NOT NULL,
    target jsonb,
    queue_count integer NOT NULL,
    volume_percent integer NOT NULL,
    sender text NOT NULL,
    issued_at timestamptz NOT NULL,
    status text NOT NULL CHECK (status IN ('PENDING', 'DONE', 'SUPERSEDED', 'FAILED')),
    detail text NOT NULL,
    PRIMARY KEY (user_id, device_id, number)
);
CREATE INDEX commands_issued ON commands (issued_at);

-- The listening history.
CREATE TABLE plays (
    user_id text NOT NULL,
    play_id text NOT NULL,
    session_id text NOT NULL,
    device_id text NOT NULL,
    track_id text NOT NULL,
    started_at timestamptz NOT NULL,
    ended_at timestamptz NOT NULL,
    heard_ms integer NOT NULL,
    completed boolean NOT NULL,
    private boolean NOT NULL,
    context_kind text,
    context_id text NOT NULL,
    PRIMARY KEY (user_id, play_id)
);

CREATE TABLE preferences (
    user_id text PRIMARY KEY,
    version integer NOT NULL,
    preferences jsonb NOT NULL
);
