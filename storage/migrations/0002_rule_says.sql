-- What an alert takes from its rule beyond the action, and how much of it somebody has seen.
ALTER TABLE alert
    ADD COLUMN instruction text,
    ADD COLUMN asks text,                                 -- who is asked first
    ADD COLUMN ack_within bigint NOT NULL DEFAULT 0,      -- microseconds; 0: no deadline
    ADD COLUMN resolve_within bigint NOT NULL DEFAULT 0,
    ADD COLUMN seen_events bigint NOT NULL DEFAULT 0;     -- events when a person last changed it
