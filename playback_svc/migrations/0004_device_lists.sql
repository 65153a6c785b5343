-- The version of a user's list of devices: who registers, renames or removes one has seen the rest.
CREATE TABLE device_lists (
    user_id text PRIMARY KEY,
    version integer NOT NULL
);
