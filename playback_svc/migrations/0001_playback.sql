-- The truth: one row a user. It changes only by compare-and-set on (epoch, revision).
CREATE TABLE player_state (
    user_id text PRIMARY KEY,
    epoch integer NOT NULL,
    revision integer NOT NULL,
    session_id text NOT NULL,
    device_id text NOT NULL,
    track_id text NOT NULL,
    track_title text NOT NULL,
    track_artist text NOT NULL,
    track_duration_ms integer NOT NULL,
    track_premium boolean NOT NULL,
    descriptor text NOT NULL,
    rungs jsonb NOT NULL,
    status text NOT NULL CHECK (status IN ('PLAYING', 'PAUSED', 'STOPPED')),
    ended_by text CHECK (ended_by IN ('TAKEN_OVER', 'STOPPED', 'EXPIRED')),
    position_ms integer NOT NULL,
    position_at timestamptz NOT NULL,
    moving boolean NOT NULL,
    started_at timestamptz NOT NULL,
    last_heartbeat_at timestamptz,
    last_seq integer NOT NULL,
    bitrate_kbps integer NOT NULL,
    -- When silence ends the session, as far as this row knows; null where it is over.
    expires_at timestamptz
) WITH (fillfactor = 70);

CREATE INDEX player_state_expires ON player_state (expires_at) WHERE expires_at IS NOT NULL;

-- The log of sessions, the current one included.
CREATE TABLE sessions (
    session_id text NOT NULL,
    user_id text NOT NULL,
    device_id text NOT NULL,
    track_id text NOT NULL,
    status text NOT NULL CHECK (status IN ('PLAYING', 'PAUSED', 'STOPPED')),
    position_ms integer NOT NULL,
    bitrate_kbps integer NOT NULL,
    skips_count integer NOT NULL DEFAULT 0,
    started_at timestamptz NOT NULL,
    last_heartbeat_at timestamptz,
    ended_at timestamptz,
    ended_by text CHECK (ended_by IN ('TAKEN_OVER', 'STOPPED', 'EXPIRED')),
    PRIMARY KEY (user_id, session_id)
);

CREATE INDEX sessions_newest ON sessions (user_id, started_at DESC, session_id DESC);

CREATE TABLE devices (
    user_id text NOT NULL,
    device_id text NOT NULL,
    registered_at timestamptz NOT NULL,
    last_played_at timestamptz NOT NULL,
    PRIMARY KEY (user_id, device_id)
);

-- Answers of commands, written with what the command wrote.
CREATE TABLE answers (
    user_id text NOT NULL,
    method text NOT NULL,
    request_id text NOT NULL,
    body_sha256 bytea NOT NULL,
    answer jsonb NOT NULL,
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (user_id, method, request_id)
);

CREATE INDEX answers_expires ON answers (expires_at);

CREATE TABLE leases (
    name text PRIMARY KEY,
    holder text NOT NULL,
    until timestamptz NOT NULL
);
