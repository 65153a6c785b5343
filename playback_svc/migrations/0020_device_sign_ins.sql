-- The sign-in by which the device made itself known last; empty where it did before this version.
ALTER TABLE devices ADD COLUMN sid text NOT NULL DEFAULT '';
