-- Who audits holds each alert against its last message in the feed.
CREATE FUNCTION grants_0007(p_role text) RETURNS void LANGUAGE plpgsql
    SET search_path = vedette, pg_catalog, pg_temp AS $$
BEGIN
    IF p_role = 'vedette_reader' THEN
        EXECUTE format('GRANT EXECUTE ON FUNCTION alert_untrue, json_is_same TO %I', p_role);
    END IF;
END
$$;
