-- The plan that each user is on, as identity's feed told it last; whom it told nothing of has no row.
CREATE TABLE told_plans (
    user_id text PRIMARY KEY,
    tier text NOT NULL
);
