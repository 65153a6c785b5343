-- The catalogue's tracks, as its feed tells them. One that left it, or was gone before it was ever
-- told, stays as a row that is not available: an older word of it must not bring it back.
CREATE TABLE tracks (
    track_id text COLLATE "C" PRIMARY KEY,
    version bigint NOT NULL,
    -- Which listing had begun last when it was told last.
    listing bigint NOT NULL,
    available boolean NOT NULL,
    premium boolean NOT NULL DEFAULT false,
    -- How often anyone played it: what the feed said last, which is within a tenth.
    streams bigint NOT NULL DEFAULT 0,
    added_at_ms bigint NOT NULL DEFAULT 0,
    duration_ms integer NOT NULL DEFAULT 0,
    year integer NOT NULL DEFAULT 0,
    title text NOT NULL DEFAULT '',
    artist text NOT NULL DEFAULT '',
    artist_id text COLLATE "C" NOT NULL DEFAULT '',
    album text NOT NULL DEFAULT '',
    album_id text COLLATE "C" NOT NULL DEFAULT '',
    genre text NOT NULL DEFAULT '',
    artwork_path text NOT NULL DEFAULT ''
);
CREATE INDEX tracks_popular ON tracks (streams DESC, added_at_ms DESC, track_id DESC)
    WHERE available;
CREATE INDEX tracks_of_artist ON tracks (artist_id, added_at_ms DESC, track_id DESC)
    WHERE available;

-- What each user did with each track, at most 10,000 tracks a user.
CREATE TABLE listened (
    user_id text COLLATE "C" NOT NULL,
    track_id text COLLATE "C" NOT NULL,
    -- Plays that counted, and skips before they did; what was left otherwise is in neither.
    plays integer NOT NULL,
    skips integer NOT NULL,
    last_begun_ms bigint NOT NULL,
    last_played_ms bigint NOT NULL,
    PRIMARY KEY (user_id, track_id)
);
CREATE INDEX listened_latest ON listened (user_id, last_played_ms DESC, track_id DESC);

-- The plays that are in it, for as long as they can be told again.
CREATE TABLE known_plays (
    play_id uuid PRIMARY KEY,
    told_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX known_plays_age ON known_plays (told_at);

-- What users saved, blocked and follow. What was taken out stays as a row that is not kept, for as
-- long as an older word of it can come.
CREATE TABLE user_items (
    user_id text COLLATE "C" NOT NULL,
    kind text COLLATE "C" NOT NULL,
    item_id text COLLATE "C" NOT NULL,
    version bigint NOT NULL,
    listing bigint NOT NULL,
    kept boolean NOT NULL,
    changed_at_ms bigint NOT NULL,
    PRIMARY KEY (user_id, kind, item_id)
);
CREATE INDEX user_items_gone ON user_items (changed_at_ms) WHERE NOT kept;

-- The artists that a user named when asked, in their order.
CREATE TABLE favorite_artists (
    user_id text COLLATE "C" PRIMARY KEY,
    artist_ids text[] NOT NULL
);

-- The tracks of every playlist, 16 bytes each. A deleted one stays as a row that is not there.
CREATE TABLE playlists (
    playlist_id text COLLATE "C" PRIMARY KEY,
    version bigint NOT NULL,
    listing bigint NOT NULL,
    there boolean NOT NULL,
    is_public boolean NOT NULL DEFAULT false,
    owner_id text COLLATE "C" NOT NULL DEFAULT '',
    managed_by text NOT NULL DEFAULT '',
    track_ids bytea NOT NULL DEFAULT ''
);
CREATE INDEX playlists_owner ON playlists (owner_id);

-- What happened and is in no file yet. A row enters in the commit that learns of it; those of one
-- batch go into the same files however often they are written, and leave once they are there.
CREATE TABLE pending_events (
    event_id text COLLATE "C" PRIMARY KEY,
    batch text COLLATE "C",
    at_ms bigint NOT NULL,
    heard_ms integer NOT NULL,
    completed boolean NOT NULL,
    kind text NOT NULL,
    user_id text COLLATE "C" NOT NULL,
    track_id text COLLATE "C" NOT NULL,
    context_kind text NOT NULL,
    context_id text NOT NULL,
    shown_id text NOT NULL
);
CREATE INDEX pending_events_batch ON pending_events (batch) WHERE batch IS NOT NULL;
CREATE INDEX pending_events_user ON pending_events (user_id);

-- Users of whom nothing may be read any more, and when the last file with them was written anew.
CREATE TABLE erased_users (
    user_id text COLLATE "C" PRIMARY KEY,
    erased_at timestamptz NOT NULL DEFAULT now(),
    rewritten_at timestamptz
);
