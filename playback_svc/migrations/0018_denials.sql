-- What was taken back of the media paths of sessions, until the last of those paths has expired.
CREATE TABLE denials (
    session_id text PRIMARY KEY,
    version bigint NOT NULL,
    rungs text[] NOT NULL,
    forget_at timestamptz NOT NULL
);

CREATE INDEX denials_forget_at ON denials (forget_at);

-- The sign-in that began the session on its own device; empty where another device began it.
ALTER TABLE player_state ADD COLUMN sid text NOT NULL DEFAULT '';

CREATE INDEX player_state_sid ON player_state (sid) WHERE sid <> '';
