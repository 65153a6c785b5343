-- How a play ended is its outcome, which was made of this; nothing has read or written it since.
ALTER TABLE plays DROP COLUMN completed;
