-- Whether the sound came from the device's own files, what the client called the play, and where the
-- entries of a queue came from; nobody knows it of what plays, waits or was heard so far.
ALTER TABLE player_state
    ADD COLUMN offline boolean NOT NULL DEFAULT false,
    ADD COLUMN client_play_id text NOT NULL DEFAULT '',
    ADD COLUMN queued_origins jsonb NOT NULL DEFAULT '[]';
ALTER TABLE plays
    ADD COLUMN offline boolean NOT NULL DEFAULT false,
    ADD COLUMN client_play_id text NOT NULL DEFAULT '';
-- A client that was without a network tells its plays again: those that were told are found by it.
CREATE INDEX plays_client_play ON plays (user_id, client_play_id) WHERE client_play_id <> '';
