-- Up to where a play needed not be heard: it began there, or was heard before.
ALTER TABLE player_state ADD COLUMN begun_ms integer NOT NULL DEFAULT 0;
