-- What the service calls a playlist that it makes, and which edition of it the tracks are.
ALTER TABLE playlists
    ADD COLUMN managed_key text COLLATE "C" NOT NULL DEFAULT '',
    ADD COLUMN managed_edition integer NOT NULL DEFAULT 0;
CREATE UNIQUE INDEX playlists_managed ON playlists (owner_id, managed_by, managed_key)
    WHERE managed_key <> '';
