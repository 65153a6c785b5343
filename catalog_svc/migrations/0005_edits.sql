-- What an administrator said of a track, beside what its tags say: `title` stays that of the tags.
ALTER TABLE tracks
    ADD COLUMN edited_title text CHECK (char_length(edited_title) BETWEEN 1 AND 500),
    ADD COLUMN hidden boolean NOT NULL DEFAULT false;
