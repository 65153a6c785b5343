-- The list from which a play was chosen; nobody knows it of plays so far.
ALTER TABLE plays ADD COLUMN shown_id text NOT NULL DEFAULT '';
