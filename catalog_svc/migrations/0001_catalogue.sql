CREATE TABLE artists (
    id text PRIMARY KEY,
    name text NOT NULL,
    folded text NOT NULL UNIQUE,
    bio text NOT NULL DEFAULT '',
    followers_count bigint NOT NULL DEFAULT 0,
    track_count integer NOT NULL DEFAULT 0,
    version bigint NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE albums (
    id text PRIMARY KEY,
    artist_id text NOT NULL REFERENCES artists,
    title text NOT NULL,
    folded text NOT NULL,
    year integer NOT NULL DEFAULT 0,
    track_count integer NOT NULL DEFAULT 0,
    total_duration_ms bigint NOT NULL DEFAULT 0,
    artwork text NOT NULL DEFAULT '',
    version bigint NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (artist_id, folded)
);

-- A file on disk. What a rescan compares is in one place, so that it is one query.
CREATE TABLE sources (
    id text PRIMARY KEY,
    path bytea NOT NULL UNIQUE,
    size bigint NOT NULL,
    mtime_ns bigint NOT NULL,
    inode bigint NOT NULL,
    state smallint NOT NULL,
    track_id text NOT NULL DEFAULT '',
    reason text NOT NULL DEFAULT '',
    audio_ms integer NOT NULL DEFAULT 0,
    attempts integer NOT NULL DEFAULT 0
);
CREATE INDEX sources_track ON sources (track_id) WHERE track_id <> '';

CREATE TABLE tracks (
    id text PRIMARY KEY,
    title text NOT NULL CHECK (char_length(title) <= 500),
    artist_id text NOT NULL REFERENCES artists,
    album_id text REFERENCES albums,
    disc_number integer NOT NULL DEFAULT 0,
    track_number integer NOT NULL DEFAULT 0,
    duration_ms integer NOT NULL DEFAULT 0,
    genres text[] NOT NULL DEFAULT '{}',
    year integer NOT NULL DEFAULT 0,
    streams_total bigint NOT NULL DEFAULT 0,
    bitrates_kbps integer[] NOT NULL DEFAULT '{}',
    lossless boolean NOT NULL DEFAULT false,
    access smallint NOT NULL DEFAULT 1,
    state smallint NOT NULL DEFAULT 1,
    artwork text NOT NULL DEFAULT '',
    integrated_lufs double precision,
    true_peak_dbtp double precision,
    source_id text NOT NULL,
    audio_sha256 bytea UNIQUE,
    failure text NOT NULL DEFAULT '',
    version bigint NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX tracks_title_artist ON tracks (title, artist_id);
CREATE INDEX tracks_streams ON tracks (streams_total DESC);
CREATE INDEX tracks_created ON tracks (created_at DESC, id DESC);
CREATE INDEX tracks_album ON tracks (album_id, disc_number, track_number, id);
CREATE INDEX tracks_artist ON tracks (artist_id, streams_total DESC, id DESC);

-- Ids of tracks that turned out to be the same audio as another one.
CREATE TABLE track_merges (
    id text PRIMARY KEY,
    track_id text NOT NULL REFERENCES tracks ON DELETE CASCADE
);

-- The newest descriptor of a track. Older ones stay in the object store under their own names.
CREATE TABLE assets (
    track_id text PRIMARY KEY REFERENCES tracks ON DELETE CASCADE,
    descriptor text NOT NULL,
    rung_names text[] NOT NULL,
    rung_kbps integer[] NOT NULL,
    published_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE imports (
    id text PRIMARY KEY,
    path text NOT NULL,
    root bytea NOT NULL,
    state smallint NOT NULL,
    found integer NOT NULL DEFAULT 0,
    unchanged integer NOT NULL DEFAULT 0,
    duplicate integer NOT NULL DEFAULT 0,
    searchable integer NOT NULL DEFAULT 0,
    playable integer NOT NULL DEFAULT 0,
    complete integer NOT NULL DEFAULT 0,
    failed integer NOT NULL DEFAULT 0,
    audio_ms bigint NOT NULL DEFAULT 0,
    error text NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL DEFAULT now(),
    finished_at timestamptz
);

CREATE TABLE import_files (
    import_id text NOT NULL,
    path bytea NOT NULL,
    state smallint NOT NULL,
    source_id text NOT NULL DEFAULT '',
    track_id text NOT NULL DEFAULT '',
    reason text NOT NULL DEFAULT '',
    audio_ms integer NOT NULL DEFAULT 0,
    PRIMARY KEY (import_id, path)
);
-- The files that still wait for something: PENDING and PLAYABLE.
CREATE INDEX import_files_open ON import_files (source_id) WHERE state IN (1, 4);
