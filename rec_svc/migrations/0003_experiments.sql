-- Experiments; `body` is all of one, the other columns are what it is found by.
CREATE TABLE experiments (
    experiment_id text PRIMARY KEY,
    name text NOT NULL UNIQUE,
    state text NOT NULL,
    created_at_ms bigint NOT NULL,
    body jsonb NOT NULL
);
CREATE INDEX experiments_running ON experiments (experiment_id) WHERE state = 'running';
CREATE INDEX experiments_created ON experiments (created_at_ms, experiment_id);

CREATE TABLE experiment_looks (
    experiment_id text NOT NULL REFERENCES experiments,
    number integer NOT NULL,
    body jsonb NOT NULL,
    PRIMARY KEY (experiment_id, number)
);

-- What each user did in an experiment, from the first list on that they were shown in it.
CREATE TABLE experiment_users (
    experiment_id text NOT NULL,
    user_id text NOT NULL,
    arm text NOT NULL,
    first_shown_ms bigint NOT NULL,
    plays integer NOT NULL DEFAULT 0,
    skips integer NOT NULL DEFAULT 0,
    completions integer NOT NULL DEFAULT 0,
    saves integer NOT NULL DEFAULT 0,
    returned boolean NOT NULL DEFAULT false,
    PRIMARY KEY (experiment_id, user_id)
) WITH (fillfactor = 80);
CREATE INDEX experiment_users_user ON experiment_users (user_id);

-- Lists that were made for users; shown_at_ms is NULL until they are shown.
CREATE TABLE exposures (
    shown_id text PRIMARY KEY,
    user_id text NOT NULL,
    surface text NOT NULL,
    model_id text NOT NULL,
    track_ids text[] NOT NULL,
    propensities real[] NOT NULL,
    assignments jsonb NOT NULL,
    held_back boolean NOT NULL,
    at_ms bigint NOT NULL,
    shown_at_ms bigint
);
CREATE INDEX exposures_user ON exposures (user_id, at_ms);
CREATE INDEX exposures_at ON exposures (at_ms);

-- What was counted of a list, so that it is counted once.
CREATE TABLE exposure_outcomes (
    shown_id text NOT NULL REFERENCES exposures ON DELETE CASCADE,
    kind text NOT NULL,
    subject text NOT NULL,
    PRIMARY KEY (shown_id, kind, subject)
);
