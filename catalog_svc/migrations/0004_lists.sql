-- Lists of albums and artists, each in its order.
CREATE INDEX albums_recent ON albums (created_at DESC, id DESC);
CREATE INDEX albums_title ON albums (folded COLLATE "C", id);
CREATE INDEX albums_year ON albums (year DESC, id DESC);
CREATE INDEX artists_recent ON artists (created_at DESC, id DESC);
CREATE INDEX artists_name ON artists (folded COLLATE "C", id);
CREATE INDEX imports_recent ON imports (created_at DESC, id DESC);
-- The newest tracks, without those that failed.
CREATE INDEX tracks_living ON tracks (created_at DESC, id DESC) WHERE state <> 3;
