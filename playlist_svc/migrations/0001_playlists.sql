-- One row a playlist: all of it but its tracks. Writers lock this row, so that the edits of one
-- playlist happen one after the other. Members stand in the row itself, for a statement that waited
-- for the row's lock sees the new row beside the old state of every other table.
CREATE TABLE playlists (
    playlist_id text COLLATE "C" PRIMARY KEY,
    owner_id text COLLATE "C" NOT NULL,
    title text NOT NULL,
    description text NOT NULL,
    visibility text NOT NULL CHECK (visibility IN ('PRIVATE', 'LINK', 'PUBLIC')),
    -- [{"user_id", "role", "since_ms"}], the owner not among them.
    members jsonb NOT NULL DEFAULT '[]',
    rule jsonb,
    rule_evaluated_at timestamptz,
    artwork_paths text[] NOT NULL DEFAULT '{}',
    track_count integer NOT NULL,
    total_duration_ms bigint NOT NULL,
    follower_count integer NOT NULL DEFAULT 0,
    revision integer NOT NULL,
    snapshot_id text COLLATE "C" NOT NULL,
    -- The newest full copy, and how many bytes of deltas came after it.
    copy_revision integer NOT NULL,
    bytes_since_copy integer NOT NULL,
    -- The oldest version that can still be read.
    first_revision integer NOT NULL DEFAULT 1,
    version bigint NOT NULL,
    created_at timestamptz NOT NULL,
    modified_at timestamptz NOT NULL,
    deleted_at timestamptz
) WITH (fillfactor = 70);

CREATE INDEX playlists_owner ON playlists (owner_id, created_at DESC, playlist_id DESC);
CREATE INDEX playlists_public ON playlists (playlist_id)
    WHERE visibility = 'PUBLIC' AND deleted_at IS NULL;
CREATE INDEX playlists_deleted ON playlists (deleted_at) WHERE deleted_at IS NOT NULL;

-- The history: a row a version, with what it changed on the one before (domain/delta.py).
CREATE TABLE snapshots (
    playlist_id text COLLATE "C" NOT NULL REFERENCES playlists ON DELETE CASCADE,
    revision integer NOT NULL,
    snapshot_id text COLLATE "C" NOT NULL,
    kind text NOT NULL
        CHECK (kind IN ('CREATED', 'EDIT', 'UNDO', 'REDO', 'RESTORE', 'EVALUATION')),
    author_id text COLLATE "C" NOT NULL,
    created_at timestamptz NOT NULL,
    summary text NOT NULL,
    track_count integer NOT NULL,
    reverts integer,
    undone_by integer,
    delta bytea NOT NULL,
    PRIMARY KEY (playlist_id, revision)
);

CREATE UNIQUE INDEX snapshots_id ON snapshots (playlist_id, snapshot_id);
-- Undo and redo look for an author's newest edits.
CREATE INDEX snapshots_author ON snapshots (playlist_id, author_id, revision DESC)
    WHERE kind IN ('EDIT', 'RESTORE');
CREATE INDEX snapshots_undos ON snapshots (playlist_id, author_id, revision DESC)
    WHERE kind = 'UNDO';
CREATE INDEX snapshots_undone ON snapshots (playlist_id, undone_by) WHERE undone_by IS NOT NULL;

-- Every so often a version as a whole: 52 bytes an entry (domain/order.py), which do not compress.
CREATE TABLE snapshot_copies (
    playlist_id text COLLATE "C" NOT NULL REFERENCES playlists ON DELETE CASCADE,
    revision integer NOT NULL,
    title text NOT NULL,
    description text NOT NULL,
    records bytea NOT NULL,
    PRIMARY KEY (playlist_id, revision)
);
ALTER TABLE snapshot_copies ALTER COLUMN records SET STORAGE EXTERNAL;
-- Lists whose history may reach further back than is kept. No index on playlists may say so: one
-- that names the revision would have every edit write into every index.
CREATE INDEX snapshot_copies_late ON snapshot_copies (playlist_id) WHERE revision > 10000;

-- Members by user, for lists; what counts for access stands in playlists.members.
CREATE TABLE collaborators (
    playlist_id text COLLATE "C" NOT NULL REFERENCES playlists ON DELETE CASCADE,
    user_id text COLLATE "C" NOT NULL,
    since timestamptz NOT NULL,
    PRIMARY KEY (playlist_id, user_id)
);
CREATE INDEX collaborators_user ON collaborators (user_id, since DESC, playlist_id DESC);

CREATE TABLE playlist_followers (
    playlist_id text COLLATE "C" NOT NULL REFERENCES playlists ON DELETE CASCADE,
    user_id text COLLATE "C" NOT NULL,
    followed_at timestamptz NOT NULL,
    PRIMARY KEY (playlist_id, user_id)
);
CREATE INDEX playlist_followers_user
    ON playlist_followers (user_id, followed_at DESC, playlist_id DESC);

-- Links. The code is a bearer secret of 128 bits: its digest is enough to find it.
CREATE TABLE share_links (
    share_id text COLLATE "C" PRIMARY KEY,
    playlist_id text COLLATE "C" NOT NULL REFERENCES playlists ON DELETE CASCADE,
    code_sha256 bytea NOT NULL UNIQUE,
    role text CHECK (role IN ('VIEWER', 'EDITOR')),
    created_by text COLLATE "C" NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz,
    revoked_at timestamptz,
    accepted_count integer NOT NULL DEFAULT 0
);
CREATE INDEX share_links_playlist ON share_links (playlist_id, created_at DESC, share_id DESC);

-- Who became a collaborator by a link, so that each counts once.
CREATE TABLE share_acceptances (
    share_id text COLLATE "C" NOT NULL REFERENCES share_links ON DELETE CASCADE,
    user_id text COLLATE "C" NOT NULL,
    PRIMARY KEY (share_id, user_id)
);
CREATE INDEX share_acceptances_user ON share_acceptances (user_id);

CREATE TABLE saved_tracks (
    user_id text COLLATE "C" NOT NULL,
    track_id text COLLATE "C" NOT NULL,
    saved_at timestamptz NOT NULL,
    PRIMARY KEY (user_id, track_id)
);
CREATE INDEX saved_tracks_time ON saved_tracks (user_id, saved_at DESC, track_id DESC);

CREATE TABLE saved_albums (
    user_id text COLLATE "C" NOT NULL,
    album_id text COLLATE "C" NOT NULL,
    title text NOT NULL,
    artist text NOT NULL,
    artist_id text COLLATE "C" NOT NULL,
    year integer NOT NULL,
    artwork_path text NOT NULL,
    saved_at timestamptz NOT NULL,
    PRIMARY KEY (user_id, album_id)
);
CREATE INDEX saved_albums_time ON saved_albums (user_id, saved_at DESC, album_id DESC);

-- Bounds and totals without counting rows; locked by every change of the collections.
CREATE TABLE user_counts (
    user_id text COLLATE "C" PRIMARY KEY,
    playlists integer NOT NULL DEFAULT 0,
    followed_playlists integer NOT NULL DEFAULT 0,
    saved_tracks integer NOT NULL DEFAULT 0,
    saved_albums integer NOT NULL DEFAULT 0,
    following_users integer NOT NULL DEFAULT 0,
    following_artists integer NOT NULL DEFAULT 0,
    followers integer NOT NULL DEFAULT 0,
    blocks integer NOT NULL DEFAULT 0
) WITH (fillfactor = 70);

CREATE TABLE follows (
    user_id text COLLATE "C" NOT NULL,
    kind text NOT NULL CHECK (kind IN ('USER', 'ARTIST')),
    target_id text COLLATE "C" NOT NULL,
    since timestamptz NOT NULL,
    PRIMARY KEY (user_id, kind, target_id)
);
CREATE INDEX follows_time ON follows (user_id, since DESC, target_id DESC);
CREATE INDEX follows_target ON follows (kind, target_id, since DESC, user_id DESC);

CREATE TABLE artist_followers (
    artist_id text COLLATE "C" PRIMARY KEY,
    name text NOT NULL,
    followers_count bigint NOT NULL,
    version bigint NOT NULL
) WITH (fillfactor = 70);

CREATE TABLE blocks (
    user_id text COLLATE "C" NOT NULL,
    blocked_id text COLLATE "C" NOT NULL,
    since timestamptz NOT NULL,
    PRIMARY KEY (user_id, blocked_id)
);
CREATE INDEX blocks_time ON blocks (user_id, since DESC, blocked_id DESC);
CREATE INDEX blocks_blocked ON blocks (blocked_id);

CREATE TABLE privacy (
    user_id text COLLATE "C" PRIMARY KEY,
    following text NOT NULL CHECK (following IN ('EVERYONE', 'FRIENDS', 'NOBODY')),
    followers text NOT NULL CHECK (followers IN ('EVERYONE', 'FRIENDS', 'NOBODY'))
);

-- Names of users as identity told them, for when it is away.
CREATE TABLE people (
    user_id text COLLATE "C" PRIMARY KEY,
    username text NOT NULL,
    told_at timestamptz NOT NULL
);
