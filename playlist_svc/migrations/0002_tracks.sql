-- The catalogue's tracks as lists show them and rules choose them: a copy that follows the
-- catalogue's feed. A track that was removed before it was ever told is a row without an artist.
-- What rules look at stands first and the numbers before the texts: a rule may read every row, and
-- a column costs the more the further behind it is.
CREATE TABLE tracks (
    created_at_ms bigint NOT NULL DEFAULT 0,
    streams_total bigint NOT NULL DEFAULT 0,
    -- 0 for what was asked for before the feed told it.
    version bigint NOT NULL,
    -- Which listing had begun last when it was told last.
    listing bigint NOT NULL,
    duration_ms integer NOT NULL DEFAULT 0,
    year integer NOT NULL DEFAULT 0,
    disc_number integer NOT NULL DEFAULT 0,
    track_number integer NOT NULL DEFAULT 0,
    -- A number by chance that the track keeps: what orders by chance are made of.
    chance integer NOT NULL DEFAULT 0,
    available boolean NOT NULL,
    track_id text COLLATE "C" PRIMARY KEY,
    -- Folded for comparing (domain/folding.py); genres each between two line feeds.
    genre_keys text COLLATE "C" NOT NULL DEFAULT '',
    title_key text COLLATE "C" NOT NULL DEFAULT '',
    artist_key text COLLATE "C" NOT NULL DEFAULT '',
    album_key text COLLATE "C" NOT NULL DEFAULT '',
    -- Folded for sorting.
    title_order text COLLATE "C" NOT NULL DEFAULT '',
    artist_order text COLLATE "C" NOT NULL DEFAULT '',
    album_order text COLLATE "C" NOT NULL DEFAULT '',
    title text NOT NULL DEFAULT '',
    artist text NOT NULL DEFAULT '',
    artist_id text COLLATE "C" NOT NULL DEFAULT '',
    album text NOT NULL DEFAULT '',
    album_id text COLLATE "C" NOT NULL DEFAULT '',
    -- One a line: an array would take several times as long to read.
    genres text NOT NULL DEFAULT '',
    artwork_path text NOT NULL DEFAULT ''
) WITH (fillfactor = 90);

-- The orders of rules that need more than a number of each row, and the one most asked for.
CREATE INDEX tracks_created ON tracks (created_at_ms, track_id) WHERE available;
CREATE INDEX tracks_title ON tracks (title_order, track_id) WHERE available;
CREATE INDEX tracks_artist
    ON tracks (artist_order, album_order, disc_number, track_number, track_id) WHERE available;
CREATE INDEX tracks_album
    ON tracks (album_order, disc_number, track_number, track_id) WHERE available;

-- The number of the last listing. Whoever writes to the copy locks it, one after the other.
CREATE TABLE track_listings (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    number bigint NOT NULL
);
INSERT INTO track_listings (number) VALUES (0);
