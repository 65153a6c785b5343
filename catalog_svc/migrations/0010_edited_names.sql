-- What an administrator says of albums and artists. What is shown stands in the columns that every
-- read has (name, title, year, and folded with it); what tags say stands beside where it is other.
-- Hidden tracks are counted apart: track_count has all of them, so that nothing is dropped that still
-- has one.
ALTER TABLE artists
    ADD COLUMN tagged_name text,
    ADD COLUMN taken_down boolean NOT NULL DEFAULT false,
    ADD COLUMN hidden_tracks integer NOT NULL DEFAULT 0;
ALTER TABLE albums
    ADD COLUMN tagged_title text,
    ADD COLUMN tagged_year integer,
    ADD COLUMN taken_down boolean NOT NULL DEFAULT false,
    ADD COLUMN hidden_tracks integer NOT NULL DEFAULT 0,
    ADD COLUMN hidden_duration_ms bigint NOT NULL DEFAULT 0;

-- The other folded names by which tags find an artist or album that is shown under an edited one.
CREATE TABLE artist_aliases (
    folded text PRIMARY KEY,
    artist_id text NOT NULL REFERENCES artists ON DELETE CASCADE
);
CREATE INDEX artist_aliases_artist ON artist_aliases (artist_id);
CREATE TABLE album_aliases (
    artist_id text NOT NULL REFERENCES artists ON DELETE CASCADE,
    folded text NOT NULL,
    album_id text NOT NULL REFERENCES albums ON DELETE CASCADE,
    PRIMARY KEY (artist_id, folded)
);
CREATE INDEX album_aliases_album ON album_aliases (album_id);

-- taken_down is what was said of the track; hidden is what comes of it, its album and its artists.
ALTER TABLE tracks ADD COLUMN taken_down boolean NOT NULL DEFAULT false;
UPDATE tracks SET taken_down = true WHERE hidden;
CREATE INDEX tracks_hidden_artist ON tracks (artist_id) WHERE hidden;
CREATE INDEX tracks_hidden_album ON tracks (album_id) WHERE hidden;
UPDATE artists ar SET hidden_tracks = held.tracks
FROM (SELECT artist_id, count(*) AS tracks FROM tracks WHERE hidden GROUP BY artist_id) AS held
WHERE held.artist_id = ar.id;
UPDATE albums al SET hidden_tracks = held.tracks, hidden_duration_ms = held.duration_ms
FROM (SELECT album_id, count(*) AS tracks, sum(duration_ms) AS duration_ms
      FROM tracks WHERE hidden GROUP BY album_id) AS held
WHERE held.album_id = al.id;
