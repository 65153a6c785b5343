-- Public playlists as the playlist service told them, for search. Of one that is not public, or no
-- longer there, only its version is kept: an older word of it must not bring it back.
CREATE TABLE playlists (
    id text PRIMARY KEY,
    public boolean NOT NULL,
    title text NOT NULL DEFAULT '',
    description text NOT NULL DEFAULT '',
    owner text NOT NULL DEFAULT '',
    track_count integer NOT NULL DEFAULT 0,
    follower_count integer NOT NULL DEFAULT 0,
    told_version bigint NOT NULL,
    generation bigint NOT NULL,
    version bigint NOT NULL
);
CREATE INDEX playlists_generation ON playlists (generation);

-- Versions of playlists in the catalogue's own feed: they rise even over a row that was dropped.
CREATE SEQUENCE playlist_versions;

-- How often a followed feed was listed from the beginning; what is of an older generation when a
-- listing ends was not told again.
CREATE TABLE listings (
    feed text PRIMARY KEY,
    generation bigint NOT NULL
);

ALTER TABLE artists
    ADD COLUMN followers_version bigint NOT NULL DEFAULT 0,
    ADD COLUMN followers_generation bigint NOT NULL DEFAULT 0;
CREATE INDEX artists_followed ON artists (followers_generation) WHERE followers_count > 0;
