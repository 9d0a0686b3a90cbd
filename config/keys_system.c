/* The keys of vedette.yaml: what the whole system shares. */
#include "config/config.h"
#include "config/keys.h"

#define ROWS(table) (table), sizeof(table) / sizeof(table)[0]
#define MS(n)       (INT64_C(1000) * (n))
#define SEC(n)      (INT64_C(1000000) * (n))
#define DAY(n)      (SEC(86400) * (n))
#define MIB(n)      (INT64_C(1048576) * (n))
#define DB(field)   offsetof(struct vd_database_cfg, field)
#define BUS(field)  offsetof(struct vd_bus_cfg, field)
#define WEB(field)  offsetof(struct vd_console_cfg, field)
#define ING(field)  offsetof(struct vd_ingest_cfg, field)
#define EVI(field)  offsetof(struct vd_evidence_cfg, field)
#define ROU(field)  offsetof(struct vd_router_cfg, field)
#define RET(field)  offsetof(struct vd_retention_cfg, field)
#define WRK(field)  offsetof(struct vd_work_cfg, field)
#define TOP(field)  offsetof(struct vd_config, field)

#define DB_ROLE(role, default_user)                                                            \
    static const struct vd_key role##_rows[] = {                                               \
        {"user", VD_KEY_TEXT, offsetof(struct vd_db_role_cfg, user), 1, 63, default_user,      \
         VD_KEY_RESTART, "The role to sign in as.", NULL, NULL, 0},                            \
        {"password_file", VD_KEY_FILE, offsetof(struct vd_db_role_cfg, password_file), 1,      \
         VD_CONFIG_PATH_MAX, NULL, VD_KEY_RESTART | VD_KEY_SECRET,                             \
         "File that holds its password; a relative name is below the configuration folder.",   \
         NULL, NULL, 0},                                                                       \
    };                                                                                         \
    static const struct vd_keys role##_keys = {"a role of the database", ROWS(role##_rows),    \
                                               sizeof(struct vd_db_role_cfg)}

DB_ROLE(owner, "vedette_owner");
DB_ROLE(router, "vedette_router");
DB_ROLE(console, "vedette_console");

static const struct vd_key database_rows[] = {
    {"url", VD_KEY_URL, DB(url), 1, VD_CONFIG_URL_MAX, NULL, VD_KEY_RESTART,
     "PostgreSQL to use, without user and password. Absent: Vedette runs a private one in its "
     "state folder.",
     "postgresql postgres", NULL, 0},
    {"owner", VD_KEY_MAP, DB(owner), 0, 0, NULL, 0,
     "The role that migrates and drops; used at the start and by retention.", NULL, &owner_keys,
     0},
    {"router", VD_KEY_MAP, DB(router), 0, 0, NULL, 0, "The role of the router.", NULL,
     &router_keys, 0},
    {"console", VD_KEY_MAP, DB(console), 0, 0, NULL, 0, "The role of the console.", NULL,
     &console_keys, 0},
    {"connect_timeout", VD_KEY_DURATION, DB(connect_timeout_us), MS(100), SEC(120), "5s", 0,
     "Longest wait for a connection.", NULL, NULL, 0},
    {"statement_timeout", VD_KEY_DURATION, DB(statement_timeout_us), MS(100), SEC(3600), "30s",
     0, "Longest run of one statement.", NULL, NULL, 0},
    {"retry", VD_KEY_DURATION, DB(retry_us), MS(10), SEC(60), "1s", 0,
     "Wait between two attempts to reach a database that is gone.", NULL, NULL, 0},
};
static const struct vd_keys database_keys = {"the database", ROWS(database_rows),
                                             sizeof(struct vd_database_cfg)};

#define ENDPOINT(name, field, schemes, text)                                                   \
    {                                                                                          \
        name, VD_KEY_ENDPOINT, BUS(field), 1, VD_CONFIG_PATH_MAX, NULL, VD_KEY_RESTART, text,  \
            schemes, NULL, 0                                                                   \
    }

#define CLIENT(field) offsetof(struct vd_bus_client_cfg, field)
static const struct vd_key client_rows[] = {
    {"name", VD_KEY_ID, CLIENT(name), 1, VD_CONFIG_ID_MAX, NULL, VD_KEY_REQUIRED,
     "What it is called in logs.", NULL, NULL, 0},
    {"public_key", VD_KEY_TEXT, CLIENT(public_key), 40, 40, NULL, VD_KEY_REQUIRED,
     "Its public key, as 'vedette key generate' prints it; in quotes.", NULL, NULL, 0},
    {"node", VD_KEY_IDS, CLIENT(nodes), 0, VD_CONFIG_NODES_MAX, NULL, 0,
     "It hands in events as this node (or one of these): its workers are called so, or begin "
     "so "
     "and a '-'. It also asks which media are in use.",
     NULL, NULL, 0},
    {"listens", VD_KEY_BOOL, CLIENT(listens), 0, 1, "false", 0,
     "It gets the whole feed: live, replay and snapshot.", NULL, NULL, 0},
};
static const struct vd_keys client_keys = {"a client of the bus", ROWS(client_rows),
                                           sizeof(struct vd_bus_client_cfg)};

static const struct vd_key bus_rows[] = {
    ENDPOINT("events", events, "ipc tcp",
             "Where workers hand events to the router, ipc:///path or, with keys, "
             "tcp://address:port; absent: in the state folder."),
    ENDPOINT("feed", feed, "ipc tcp",
             "Where the router publishes; absent: in the state folder."),
    ENDPOINT("replay", replay, "ipc tcp",
             "Where the router replays; absent: in the state folder."),
    ENDPOINT("media", media, "ipc",
             "Folder, as ipc:///folder, of the sockets that serve media; absent: in the state "
             "folder."),
    {"server_key", VD_KEY_TEXT, BUS(server_key), 40, 40, NULL, VD_KEY_RESTART,
     "The router's public key, for whoever reaches it over tcp://; in quotes.", NULL, NULL, 0},
    {"server_key_file", VD_KEY_FILE, BUS(server_key_file), 1, VD_CONFIG_PATH_MAX, NULL,
     VD_KEY_RESTART | VD_KEY_SECRET,
     "File with the router's secret key ('vedette key generate' writes it); on its machine "
     "alone.",
     NULL, NULL, 0},
    {"key_file", VD_KEY_FILE, BUS(key_file), 1, VD_CONFIG_PATH_MAX, NULL,
     VD_KEY_RESTART | VD_KEY_SECRET,
     "File with the secret key that the workers of this machine, and its commands unless they "
     "say --key, show over tcp://.",
     NULL, NULL, 0},
    {"clients", VD_KEY_LIST, BUS(clients), 0, VD_CONFIG_CLIENTS_MAX, NULL, 0,
     "Whose keys the router admits over tcp://, and what for. Whoever is not here hears "
     "nothing.",
     NULL, &client_keys, BUS(n_clients)},
    {"heartbeat", VD_KEY_DURATION, BUS(heartbeat_us), MS(50), SEC(10), "1s", VD_KEY_RESTART,
     "Between two heartbeats of the router.", NULL, NULL, 0},
};
static const struct vd_keys bus_keys = {"the bus", ROWS(bus_rows), sizeof(struct vd_bus_cfg)};

static const struct vd_key tls_rows[] = {
    {"cert", VD_KEY_FILE, offsetof(struct vd_tls_cfg, cert), 1, VD_CONFIG_PATH_MAX, NULL,
     VD_KEY_RESTART, "PEM file with the certificate and its chain.", NULL, NULL, 0},
    {"key", VD_KEY_FILE, offsetof(struct vd_tls_cfg, key), 1, VD_CONFIG_PATH_MAX, NULL,
     VD_KEY_RESTART | VD_KEY_SECRET, "PEM file with the private key.", NULL, NULL, 0},
    {"generate", VD_KEY_BOOL, offsetof(struct vd_tls_cfg, is_generated), 0, 1, "false",
     VD_KEY_RESTART, "Make a self-signed certificate in the state folder instead.", NULL, NULL,
     0},
};
static const struct vd_keys tls_keys = {"TLS", ROWS(tls_rows), sizeof(struct vd_tls_cfg)};

static const struct vd_key web_rows[] = {
    {"listen", VD_KEY_LISTEN, WEB(listen), 1, 300, "127.0.0.1:8080", VD_KEY_RESTART,
     "Address and port of the console. Any other than this machine's own needs tls: or "
     "behind_proxy: true.",
     NULL, NULL, 0},
    {"tls", VD_KEY_MAP, WEB(tls), 0, 0, NULL, 0, "Encryption of the console's connections.",
     NULL, &tls_keys, 0},
    {"behind_proxy", VD_KEY_BOOL, WEB(is_behind_proxy), 0, 1, "false", VD_KEY_RESTART,
     "A reverse proxy in front of the console does TLS.", NULL, NULL, 0},
    {"metrics_token_file", VD_KEY_FILE, WEB(metrics_token_file), 1, VD_CONFIG_PATH_MAX, NULL,
     VD_KEY_SECRET,
     "File that holds the bearer token of /metrics; absent: it answers to this machine only.",
     NULL, NULL, 0},
    {"bus_key_file", VD_KEY_FILE, WEB(bus_key_file), 1, VD_CONFIG_PATH_MAX, NULL,
     VD_KEY_RESTART | VD_KEY_SECRET,
     "File with the secret key that the console shows to a bus over tcp://.", NULL, NULL, 0},
    {"session", VD_KEY_DURATION, WEB(session_us), SEC(1), DAY(30), "12h", 0,
     "A session ends after this long.", NULL, NULL, 0},
    {"offline", VD_KEY_DURATION, WEB(offline_us), 0, DAY(1), "1h", 0,
     "How long sessions stay valid, read-only, while the database is gone.", NULL, NULL, 0},
    {"sse_heartbeat", VD_KEY_DURATION, WEB(sse_heartbeat_us), MS(100), SEC(60), "10s", 0,
     "Between two signs of life to a browser.", NULL, NULL, 0},
};
static const struct vd_keys web_keys = {"the console", ROWS(web_rows),
                                        sizeof(struct vd_console_cfg)};

#define WAIT(name, field, least, most, def, text)                                              \
    {                                                                                          \
        name, VD_KEY_DURATION, ING(field), least, most, def, 0, text, NULL, NULL, 0            \
    }
#define COUNT(name, field, least, most, def, flags, text)                                      \
    {                                                                                          \
        name, VD_KEY_INT, ING(field), least, most, def, flags, text, NULL, NULL, 0             \
    }

static const struct vd_key ingest_rows[] = {
    COUNT("workers", workers, 1, 64, "2", VD_KEY_RESTART,
          "Worker processes on this machine; the cameras are spread over them."),
    COUNT("connects_per_worker", connects_per_worker, 1, 500, "8", 0,
          "Connections that one worker opens at a time."),
    COUNT("connects_per_host", connects_per_host, 1, 500, "2", 0,
          "Connections opened at a time to one host."),
    WAIT("backoff_min", backoff_min_us, MS(10), SEC(60), "1s",
         "Longest wait before the first new attempt; the wait is drawn at random up to it."),
    WAIT("backoff_max", backoff_max_us, MS(10), SEC(3600), "60s",
         "Where the doubling of that wait ends."),
    WAIT("good_after", good_after_us, 0, SEC(3600), "30s",
         "Good frames for this long set the wait back."),
    WAIT("open_timeout", open_timeout_us, MS(100), SEC(120), "10s",
         "Longest wait until a stream is open."),
    WAIT("read_timeout", read_timeout_us, MS(100), SEC(120), "10s",
         "Longest wait for the next packet."),
    WAIT("degraded_after", degraded_after_us, MS(100), SEC(3600), "10s",
         "A camera without a packet or a frame for this long is degraded."),
    WAIT("lost_after", lost_after_us, MS(100), SEC(3600), "20s",
         "A camera that stays degraded for this long is lost."),
    WAIT("back_after", back_after_us, 0, SEC(60), "3s",
         "Good frames for this long end a lost camera."),
    COUNT("auth_tries", auth_tries, 1, 100, "3", 0,
          "Sign-ins that a camera may refuse within auth_window before it is left alone."),
    WAIT("auth_window", auth_window_us, MS(100), DAY(1), "30m",
         "The time that auth_tries counts in."),
    COUNT("max_pixels", max_pixels, 65536, 67108864, "16777216", 0,
          "Largest picture that is decoded, in pixels; an 8K picture has 33177600."),
    {"spool_limit", VD_KEY_SIZE, ING(spool_limit_bytes), MIB(1), MIB(1048576), "1GiB",
     VD_KEY_RESTART, "Largest spool of one worker on disk.", NULL, NULL, 0},
    {"spool_reserve", VD_KEY_SIZE, ING(spool_reserve_bytes), 65536, MIB(1024), "16MiB",
     VD_KEY_RESTART, "Part of it kept free for ends, losses and acknowledgements.", NULL, NULL,
     0},
    WAIT("commit", commit_us, 0, SEC(1), "20ms", "Events of this time share one commit."),
    COUNT("window", window, 1, 4096, "256", VD_KEY_RESTART,
          "Events sent to the router and not yet acknowledged."),
    WAIT("resend", resend_us, MS(50), SEC(60), "2s",
         "Events are sent again when no acknowledgement came for this long."),
};
static const struct vd_keys ingest_keys = {"ingest", ROWS(ingest_rows),
                                           sizeof(struct vd_ingest_cfg)};

static const struct vd_key evidence_rows[] = {
    {"pre", VD_KEY_DURATION, EVI(pre_us), 0, SEC(120), "10s", VD_KEY_RESTART,
     "What a clip shows of the time before its happening; it begins with the key frame before "
     "that.",
     NULL, NULL, 0},
    {"post", VD_KEY_DURATION, EVI(post_us), 0, SEC(600), "5s", VD_KEY_RESTART,
     "What a clip shows of the time after it.", NULL, NULL, 0},
    {"file", VD_KEY_DURATION, EVI(file_us), SEC(10), SEC(3600), "10m", VD_KEY_RESTART,
     "A clip that grows longer goes on in another file.", NULL, NULL, 0},
    {"ring", VD_KEY_SIZE, EVI(ring_bytes), MIB(1), MIB(1024), "32MiB", VD_KEY_RESTART,
     "Most memory for the packets of one camera: the time before a happening, and what waits "
     "for a slow disk. 10 s of 4 Mbit/s are 5 MB.",
     NULL, NULL, 0},
    {"encoder", VD_KEY_TEXT, EVI(encoder), 1, 63, "libx264", VD_KEY_RESTART,
     "What encodes clips of cameras with a privacy mask, or that send JPEG: an H.264 encoder "
     "by "
     "the name that libav gives it.",
     NULL, NULL, 0},
};
static const struct vd_keys evidence_keys = {"evidence", ROWS(evidence_rows),
                                             sizeof(struct vd_evidence_cfg)};

static const struct vd_key router_rows_[] = {
    {"batch", VD_KEY_INT, ROU(batch), 1, 10000, "500", 0, "Most events of one transaction.",
     NULL, NULL, 0},
    {"batch_wait", VD_KEY_DURATION, ROU(batch_wait_us), 0, SEC(5), "50ms", 0,
     "A batch that is not full is written after this long.", NULL, NULL, 0},
    {"queue", VD_KEY_INT, ROU(queue), 1, 1024, "8", VD_KEY_RESTART,
     "Batches that may wait for the database.", NULL, NULL, 0},
    {"time_suspect", VD_KEY_DURATION, ROU(time_suspect_us), SEC(1), DAY(1), "5m", 0,
     "An event whose time is further than this from its receipt is marked.", NULL, NULL, 0},
    {"standby", VD_KEY_DURATION, ROU(standby_us), MS(50), SEC(60), "1s", VD_KEY_RESTART,
     "How often a standby router asks whether the active one is gone.", NULL, NULL, 0},
    {"seal", VD_KEY_DURATION, ROU(seal_us), SEC(1), DAY(1), "1h", VD_KEY_RESTART,
     "How often the head of the log is signed, into a file outside of the database.", NULL,
     NULL, 0},
};
static const struct vd_keys router_section_keys = {"the router", ROWS(router_rows_),
                                                   sizeof(struct vd_router_cfg)};

static const struct vd_key retention_rows[] = {
    {"events", VD_KEY_DURATION, RET(events_us), DAY(1), DAY(36500), "90d", 0,
     "Events and the feed are kept this long, in whole days.", NULL, NULL, 0},
    {"alerts", VD_KEY_DURATION, RET(alerts_us), DAY(1), DAY(36500), "730d", 0,
     "Resolved alerts whose condition is over are kept this long; the log of who did what "
     "stays.",
     NULL, NULL, 0},
    {"media", VD_KEY_DURATION, RET(media_us), SEC(1), DAY(36500), "30d", 0,
     "Pictures and clips are kept this long.", NULL, NULL, 0},
    {"media_size", VD_KEY_SIZE, RET(media_bytes), 0, MIB(INT64_C(1048576) * 1024), "20GiB", 0,
     "The oldest media go when there is more; 0B: no limit but the age.", NULL, NULL, 0},
    {"quarantine", VD_KEY_DURATION, RET(quarantine_us), DAY(1), DAY(36500), "90d", 0,
     "Messages that could not be read, and what the database refused of a rule, are kept this "
     "long.",
     NULL, NULL, 0},
    {"every", VD_KEY_DURATION, RET(every_us), MS(100), DAY(1), "10m", 0,
     "How often it is looked after.", NULL, NULL, 0},
};
static const struct vd_keys retention_keys = {"retention", ROWS(retention_rows),
                                              sizeof(struct vd_retention_cfg)};

static const struct vd_key unit_rows[] = {
    {"id", VD_KEY_ID, offsetof(struct vd_unit_cfg, id), 1, VD_CONFIG_ID_MAX, NULL,
     VD_KEY_REQUIRED, "What it is called in alerts and by programs.", NULL, NULL, 0},
    {"name", VD_KEY_TEXT, offsetof(struct vd_unit_cfg, name), 1, VD_CONFIG_NAME_MAX, NULL, 0,
     "What people call it; absent: its id.", NULL, NULL, 0},
};
static const struct vd_keys unit_keys = {"a unit", ROWS(unit_rows), sizeof(struct vd_unit_cfg)};

static const struct vd_key work_rows[] = {
    {"units", VD_KEY_LIST, WRK(units), 0, VD_CONFIG_UNITS_MAX, NULL, 0,
     "Who can be sent to a place: patrols, guards; none: any name may be given.", NULL,
     &unit_keys, WRK(n_units)},
    {"shelve_max", VD_KEY_DURATION, WRK(shelve_max_us), SEC(60), DAY(7), "8h", 0,
     "An alert may be shelved for this long at a time; it comes back by itself.", NULL, NULL,
     0},
};
static const struct vd_keys work_keys = {"work", ROWS(work_rows), sizeof(struct vd_work_cfg)};

static const struct vd_key root_rows[] = {
    {"areas", VD_KEY_LIST, TOP(areas), 0, VD_CONFIG_AREAS_MAX, NULL, VD_KEY_GATHERED,
     "The places, as a tree: a part of a place has the code of the place, '/', its own.", NULL,
     &vd_area_keys, TOP(n_areas)},
    {"database", VD_KEY_MAP, TOP(database), 0, 0, NULL, 0, "Where events and alerts are kept.",
     NULL, &database_keys, 0},
    {"bus", VD_KEY_MAP, TOP(bus), 0, 0, NULL, 0, "How the processes speak to each other.", NULL,
     &bus_keys, 0},
    {"console", VD_KEY_MAP, TOP(console), 0, 0, NULL, 0, "The page that operators use.", NULL,
     &web_keys, 0},
    {"ingest", VD_KEY_MAP, TOP(ingest), 0, 0, NULL, 0, "How cameras are read, for all of them.",
     NULL, &ingest_keys, 0},
    {"evidence", VD_KEY_MAP, TOP(evidence), 0, 0, NULL, 0, "How clips are made.", NULL,
     &evidence_keys, 0},
    {"router", VD_KEY_MAP, TOP(router), 0, 0, NULL, 0, "How events become rows and alerts.",
     NULL, &router_section_keys, 0},
    {"retention", VD_KEY_MAP, TOP(retention), 0, 0, NULL, 0, "What is kept for how long.", NULL,
     &retention_keys, 0},
    {"calendars", VD_KEY_LIST, TOP(calendars), 0, VD_CONFIG_CALENDARS_MAX, NULL, 0,
     "Holidays by name, for the schedules of rules.", NULL, &vd_calendar_keys,
     TOP(n_calendars)},
    {"work", VD_KEY_MAP, TOP(work), 0, 0, NULL, 0, "How people work on alerts.", NULL,
     &work_keys, 0},
    {"cameras", VD_KEY_LIST, TOP(cameras), 0, VD_CONFIG_CAMERAS_MAX, NULL, VD_KEY_GATHERED,
     "The cameras, here or in the files of the folder cameras.", NULL, &vd_camera_keys,
     TOP(n_cameras)},
    {"rules", VD_KEY_LIST, TOP(rules), 0, VD_CONFIG_RULES_MAX, NULL, VD_KEY_GATHERED,
     "What becomes an alert, here or in the files of the folder rules.", NULL, &vd_rule_keys,
     TOP(n_rules)},
};
const struct vd_keys vd_root_keys = {"the configuration", ROWS(root_rows),
                                     sizeof(struct vd_config)};
