-- Whose a track is by its tags, where an administrator said otherwise: artist_id is what was said.
ALTER TABLE tracks ADD COLUMN tagged_artist text;
