-- Leases are those of meshkit, by the server's clock. This one makes room for their table; its rows
-- are carried over, and it is dropped, once that stands (playback_svc/schema.py).
ALTER TABLE leases RENAME TO leases_before;
ALTER INDEX leases_pkey RENAME TO leases_before_pkey;
