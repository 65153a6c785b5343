-- The tracks of a genre.
CREATE INDEX tracks_genres ON tracks USING gin (genres);
