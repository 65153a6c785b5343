-- What a track is sorted by where titles are: folded, of the tags and as edited. Where `folded` is
-- NULL a version before this one wrote the title; the next start of this one folds it.
ALTER TABLE tracks
    ADD COLUMN folded text,
    ADD COLUMN edited_folded text;

-- Lists of tracks, each in its order.
CREATE INDEX tracks_title ON tracks ((coalesce(edited_folded, folded)) COLLATE "C", id);
CREATE INDEX tracks_year ON tracks (year DESC, id DESC) INCLUDE (state, hidden);
CREATE INDEX tracks_duration ON tracks (duration_ms DESC, id DESC);
-- The tracks that cannot be streamed, now or ever: few, once an import is done.
CREATE INDEX tracks_unready ON tracks (created_at DESC, id DESC) WHERE state <> 2;
CREATE INDEX tracks_unfolded ON tracks (id) WHERE folded IS NULL;
