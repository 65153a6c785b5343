-- The catalogue's tracks as lists show them and rules choose them: a copy that follows the
-- catalogue's feed. The keys are folded for comparing and sorting.
CREATE TABLE tracks (
    track_id text COLLATE "C" PRIMARY KEY,
    title text NOT NULL,
    artist text NOT NULL,
    artist_id text COLLATE "C" NOT NULL,
    album text NOT NULL,
    album_id text COLLATE "C" NOT NULL,
    disc_number integer NOT NULL,
    track_number integer NOT NULL,
    duration_ms integer NOT NULL,
    year integer NOT NULL,
    genres text[] NOT NULL,
    streams_total bigint NOT NULL,
    artwork_path text NOT NULL,
    created_at timestamptz NOT NULL,
    available boolean NOT NULL,
    version bigint NOT NULL,
    -- Which listing told it last, so that what was not told again can be found.
    listing bigint NOT NULL DEFAULT 0,
    title_key text COLLATE "C" NOT NULL,
    artist_key text COLLATE "C" NOT NULL,
    album_key text COLLATE "C" NOT NULL,
    genre_keys text[] COLLATE "C" NOT NULL
) WITH (fillfactor = 90);

CREATE INDEX tracks_created ON tracks (created_at DESC, track_id DESC) WHERE available;
CREATE INDEX tracks_artist ON tracks (artist_key) WHERE available;
CREATE INDEX tracks_year ON tracks (year) WHERE available;
CREATE INDEX tracks_genres ON tracks USING gin (genre_keys) WHERE available;
