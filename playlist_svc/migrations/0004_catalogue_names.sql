-- What albums and artists are called today, as the catalogue's feed tells them; what users saved,
-- followed or blocked is shown by these names, and by those of then where none was told. Rows stay
-- when an album or an artist leaves the catalogue.
CREATE TABLE catalogue_albums (
    album_id text COLLATE "C" PRIMARY KEY,
    version bigint NOT NULL,
    -- Which listing had begun last when it was told last.
    listing bigint NOT NULL,
    title text NOT NULL,
    artist text NOT NULL,
    artist_id text COLLATE "C" NOT NULL,
    year integer NOT NULL,
    artwork_path text NOT NULL
);

CREATE TABLE catalogue_artists (
    artist_id text COLLATE "C" PRIMARY KEY,
    version bigint NOT NULL,
    listing bigint NOT NULL,
    name text NOT NULL
);
