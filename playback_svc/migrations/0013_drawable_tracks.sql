-- What else of a track is drawn; nobody knows it of what plays already, until its next play.
ALTER TABLE player_state
    ADD COLUMN track_artist_id text NOT NULL DEFAULT '',
    ADD COLUMN track_album text NOT NULL DEFAULT '',
    ADD COLUMN track_album_id text NOT NULL DEFAULT '',
    ADD COLUMN track_artwork_path text NOT NULL DEFAULT '';
