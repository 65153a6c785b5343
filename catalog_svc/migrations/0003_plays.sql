-- The plays that are in streams_total, for as long as they can be told again.
CREATE TABLE counted_plays (
    play_id uuid PRIMARY KEY,
    counted_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX counted_plays_age ON counted_plays (counted_at);

-- What the catalogue's feed said last of a track's streams; a track whose count has outgrown that
-- by a tenth is to be told again.
ALTER TABLE tracks ADD COLUMN streams_told bigint NOT NULL DEFAULT 0;
CREATE INDEX tracks_outgrown ON tracks (id) WHERE streams_total > streams_told + streams_told / 10;

-- In the order of the most played, which has ties.
DROP INDEX tracks_streams;
CREATE INDEX tracks_streams ON tracks (streams_total DESC, id DESC);
