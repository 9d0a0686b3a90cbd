-- What people do with an alert beyond taking and resolving it, and what happens when they do not.
ALTER TABLE alert
    ADD COLUMN unit text,                                 -- that was sent
    ADD COLUMN counted_from timestamptz,                  -- deadlines count from here: opened or reopened
    ADD COLUMN escalation bigint NOT NULL DEFAULT 0,      -- levels of the area tree that it went up
    ADD COLUMN escalated timestamptz,                     -- when it last did
    ADD COLUMN due timestamptz;                           -- when something happens by itself
UPDATE alert SET counted_from = opened;
CREATE INDEX alert_due ON alert (due) WHERE due IS NOT NULL;

-- As before, and the unit and level that people act by.
CREATE OR REPLACE FUNCTION alert_untrue(p_alert alert, p_data json) RETURNS text LANGUAGE sql STABLE
    SET search_path = vedette, pg_catalog, pg_temp AS $$
    SELECT key FROM (VALUES
        ('alert', p_alert.id::text), ('version', p_alert.version::text), ('severity', p_alert.severity),
        ('state', p_alert.state), ('active', p_alert.active::text), ('area', p_alert.area),
        ('camera', nullif(p_alert.camera, '')), ('kind', p_alert.kind), ('rule', p_alert.rule),
        ('action', nullif(p_alert.action, '')), ('resolve', p_alert.resolve), ('event', p_alert.event::text),
        ('owner', p_alert.owner), ('disposition', p_alert.disposition), ('unit', p_alert.unit),
        ('suppressed_by', p_alert.suppressed_by::text), ('changed_by', p_alert.changed_by)) t (key, want)
        WHERE p_data ->> key IS DISTINCT FROM want
    UNION ALL
    SELECT key FROM (VALUES
        ('opened', p_alert.opened), ('acknowledged', p_alert.acknowledged), ('resolved', p_alert.resolved),
        ('deadline', p_alert.deadline), ('changed', p_alert.changed)) t (key, want)
        WHERE (p_data ->> key IS NULL) <> (want IS NULL)
           OR abs(extract(epoch FROM (p_data ->> key)::timestamptz - want)) >= 0.001
    UNION ALL
    SELECT 'shelved' WHERE (p_data -> 'shelved' ->> 'until' IS NULL) <> (p_alert.shelved_until IS NULL)
    UNION ALL
    SELECT 'escalation' WHERE coalesce(p_data -> 'escalation' ->> 'level', '0') <> p_alert.escalation::text
    UNION ALL
    SELECT 'shows' WHERE p_data ->> 'shows' IS NOT NULL AND NOT json_is_same(p_data ->> 'shows', p_alert.shows)
    LIMIT 1
$$;

CREATE FUNCTION grants_0006(p_role text) RETURNS void LANGUAGE plpgsql
    SET search_path = vedette, pg_catalog, pg_temp AS $$
BEGIN
    IF p_role = 'vedette_router' THEN -- its clock changes alerts as people do
        EXECUTE format('GRANT EXECUTE ON FUNCTION feed_alert, alert_untrue, json_is_plain, json_is_same TO %I', p_role);
    ELSIF p_role = 'vedette_console' THEN
        EXECUTE format('GRANT UPDATE (unit, counted_from, escalation, escalated, due) ON alert TO %I', p_role);
    END IF;
END
$$;
