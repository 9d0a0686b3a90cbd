-- Resolved alerts and quarantine go by ages of their own, a few hundred rows a transaction. The log stays whole: its
-- entries name an alert by its id, and a chain with holes proves nothing.

CREATE INDEX alert_resolved ON alert (resolved) WHERE state = 'resolved' AND NOT active;
CREATE INDEX alert_event_of ON alert_event (alert);  -- for the cascade
CREATE INDEX quarantine_received ON quarantine (received);
CREATE INDEX refused_alert_at ON refused_alert (at);

-- As before, but quarantine stays: its rows only raise the floor where events of their age are gone.
CREATE OR REPLACE FUNCTION retention_run(p_before timestamptz) RETURNS integer LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = vedette, pg_catalog, pg_temp SET timezone = 'UTC' SET lock_timeout = '500ms' AS $$
DECLARE
    v_before timestamptz := date_trunc('day', least(p_before, now() - interval '1 day'));
    v_dropped integer := 0;
    v_table text;
    v_name text;
BEGIN
    -- The counter first, as every writer does: then only readers can be in the way of the drop, and they stall
    -- writers for no longer than lock_timeout. Floors and rows go in this one transaction.
    PERFORM 1 FROM feed_counter FOR UPDATE;
    FOREACH v_table IN ARRAY ARRAY['event', 'feed'] LOOP
        FOR v_name IN
            SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
            WHERE i.inhparent = ('vedette.' || v_table)::regclass
              AND c.relname ~ ('^' || v_table || '_[0-9]{8}$')
              AND to_date(right(c.relname, 8), 'YYYYMMDD') + 1 <= v_before::date
            ORDER BY c.relname
        LOOP
            PERFORM floors_raise(v_table, v_name, 'infinity');
            EXECUTE format('DROP TABLE %I', v_name);
            v_dropped := v_dropped + 1;
        END LOOP;
        PERFORM floors_raise(v_table, v_table || '_default', v_before);
        EXECUTE format('DELETE FROM %I WHERE received < $1', v_table || '_default') USING v_before;
    END LOOP;
    UPDATE source s SET floor_sequence = d.top
        FROM (SELECT source, max(sequence) AS top FROM quarantine WHERE received < v_before GROUP BY source) d
        WHERE s.id = d.source AND d.top > s.floor_sequence;
    DELETE FROM open_event WHERE received < v_before;
    -- rows of source stay for ever: a producer that was quiet for months must still find its last number
    RETURN v_dropped;
END
$$;

-- Resolved alerts whose condition is over, with what they stood for. Returns how many went; p_limit at most.
CREATE FUNCTION retention_alerts(p_before timestamptz, p_limit integer) RETURNS integer LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = vedette, pg_catalog, pg_temp SET lock_timeout = '500ms' AS $$
DECLARE
    v_gone integer;
BEGIN
    DELETE FROM alert WHERE id IN (
        SELECT id FROM alert WHERE state = 'resolved' AND NOT active
            AND resolved < least(p_before, now() - interval '1 day')
        ORDER BY resolved LIMIT p_limit FOR UPDATE SKIP LOCKED); -- who is being reopened stays
    GET DIAGNOSTICS v_gone = ROW_COUNT;
    RETURN v_gone;
END
$$;

-- Quarantine and refused alerts. At or below the floor of its source a row goes; above it, where events of its age
-- are kept longer, only its bytes do: the audit still needs its number. Returns how many rows or bytes went.
CREATE FUNCTION retention_quarantine(p_before timestamptz, p_limit integer) RETURNS integer LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = vedette, pg_catalog, pg_temp SET lock_timeout = '500ms' AS $$
DECLARE
    v_before timestamptz := least(p_before, now() - interval '1 day');
    v_gone integer;
    v_all integer := 0;
BEGIN
    DELETE FROM quarantine WHERE ctid = ANY (ARRAY(
        SELECT q.ctid FROM quarantine q JOIN source s ON s.id = q.source
        WHERE q.received < v_before AND q.sequence <= s.floor_sequence LIMIT p_limit));
    GET DIAGNOSTICS v_gone = ROW_COUNT;
    v_all := v_all + v_gone;
    UPDATE quarantine SET bytes = '' WHERE ctid = ANY (ARRAY(
        SELECT ctid FROM quarantine WHERE received < v_before AND bytes <> '' LIMIT p_limit));
    GET DIAGNOSTICS v_gone = ROW_COUNT;
    v_all := v_all + v_gone;
    DELETE FROM refused_alert WHERE ctid = ANY (ARRAY(
        SELECT ctid FROM refused_alert WHERE at < v_before LIMIT p_limit));
    GET DIAGNOSTICS v_gone = ROW_COUNT;
    RETURN v_all + v_gone;
END
$$;

CREATE FUNCTION grants_0005(p_role text) RETURNS void LANGUAGE plpgsql
    SET search_path = vedette, pg_catalog, pg_temp AS $$
BEGIN
    IF p_role = 'vedette_router' THEN
        EXECUTE format('GRANT EXECUTE ON FUNCTION retention_alerts, retention_quarantine TO %I', p_role);
    END IF;
END
$$;
