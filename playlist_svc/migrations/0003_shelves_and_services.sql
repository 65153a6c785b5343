-- Artists of whom users want nothing recommended, by the names of then.
CREATE TABLE blocked_artists (
    user_id text COLLATE "C" NOT NULL,
    artist_id text COLLATE "C" NOT NULL,
    name text NOT NULL,
    saved_at timestamptz NOT NULL,
    PRIMARY KEY (user_id, artist_id)
);
CREATE INDEX blocked_artists_time ON blocked_artists (user_id, saved_at DESC, artist_id DESC);
ALTER TABLE user_counts ADD COLUMN blocked_artists integer NOT NULL DEFAULT 0;

-- The versions of what the feed tells of saved tracks and blocked artists. Taken while the user's
-- row of user_counts is locked, so that they rise in the order of the changes.
CREATE SEQUENCE shelf_versions;

-- The service that makes a playlist, such as 'rec'; empty: people do.
ALTER TABLE playlists ADD COLUMN managed_by text NOT NULL DEFAULT '';
