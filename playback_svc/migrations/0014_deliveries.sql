-- What was delivered of media, and what other sessions had already heard of a play.
CREATE TABLE counted_deliveries (
    subject text NOT NULL,
    batch_id text NOT NULL,
    counted_at timestamptz NOT NULL,
    PRIMARY KEY (subject, batch_id)
);
CREATE INDEX counted_deliveries_counted ON counted_deliveries (counted_at);

CREATE TABLE delivered_segments (
    session_id text NOT NULL,
    descriptor text NOT NULL,
    number integer NOT NULL,
    delivered_ms integer NOT NULL,
    duration_ms integer NOT NULL,
    delivered_at timestamptz NOT NULL,
    PRIMARY KEY (session_id, descriptor, number)
) WITH (fillfactor = 80);
CREATE INDEX delivered_segments_delivered ON delivered_segments (delivered_at);

CREATE TABLE delivered_bytes (
    user_id text NOT NULL,
    month date NOT NULL,
    bytes bigint NOT NULL,
    PRIMARY KEY (user_id, month)
) WITH (fillfactor = 70);

-- A media path names the session alone.
CREATE INDEX sessions_ids ON sessions (session_id);

ALTER TABLE player_state ADD COLUMN carried_ms integer NOT NULL DEFAULT 0;
