/* config/config.h: the configuration as one immutable value that every thread may read.
 *
 * A snapshot never changes after vd_config_load returned it: a reload makes another one. Its
 * strings and arrays live as long as a reference to it is held, so what is borrowed from it
 * must not outlive that. No secret is in it: only the names of the files that hold them
 * (config/secret.h reads those). */
#ifndef VD_CONFIG_CONFIG_H
#define VD_CONFIG_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* Limits. What is beyond one is a problem that the check names; nothing is ever cut short. */
enum {
    VD_CONFIG_ID_MAX = 63,    /* bytes of a camera, rule, zone or mask id: [a-z0-9-] */
    VD_CONFIG_AREA_MAX = 127, /* bytes of an area code, with its slashes */
    VD_CONFIG_NAME_MAX = 127, /* bytes of a name shown to people, UTF-8 */
    VD_CONFIG_ACTION_MAX = 1000,
    VD_CONFIG_INSTRUCTION_MAX = 2000,
    VD_CONFIG_UNITS_MAX = 256,
    VD_CONFIG_URL_MAX = 1023,
    VD_CONFIG_PIPELINE_MAX = 2047,
    VD_CONFIG_PATH_MAX = 511,
    VD_CONFIG_POINTS_MAX = 64,
    VD_CONFIG_ZONES_MAX = 15, /* of a camera: as many as the detector has bits for */
    VD_CONFIG_MASKS_MAX = 16, /* of a camera */
    VD_CONFIG_LINES_MAX = 4,  /* lines of a zone */
    VD_CONFIG_TAGS_MAX = 16,
    VD_CONFIG_MATCH_MAX = 256, /* cameras, tags or zones that one rule lists */
    VD_CONFIG_CAMERAS_MAX = 20000,
    VD_CONFIG_AREAS_MAX = 20000,
    VD_CONFIG_RULES_MAX = 1024,
    VD_CONFIG_CALENDARS_MAX = 64,
    VD_CONFIG_DATES_MAX = 1000,       /* of one calendar */
    VD_CONFIG_COUNT_MAX = 1000,       /* events that one rule counts */
    VD_CONFIG_FILE_MAX = 1024 * 1024, /* bytes of one file */
    VD_CONFIG_CLIENTS_MAX = 256,      /* keys of the bus */
    VD_CONFIG_NODES_MAX = 64,         /* of one key */
    VD_CONFIG_DEPTH_MAX = 8,          /* nesting of one file */
    VD_CONFIG_REVISION_LEN = 64       /* hex digits */
};

/* An absent string is NULL, an absent list has n 0 and items NULL; all text is valid UTF-8
 * without control characters, NUL-terminated. */
struct vd_strings {
    const char *const *items;
    int n;
};

struct vd_point {
    float x, y; /* 0..1 of the picture, origin top left */
};

/* At least 3 points, closed by itself, not self-crossing, area > 0. */
struct vd_polygon {
    const struct vd_point *points;
    int n_points;
};

struct vd_area_cfg {
    const char *code; /* "4403/440305": the parent's code, '/', its own part; never part "-" */
    const char *name;
    int parent; /* index into vd_config.areas, which is less than its own; -1 at a root */
};

/* A line that objects are told to cross, and which way: a is the side on the left of who looks
 * along it, as VD_DIRECTION_A_TO_B in base/event.h has it. It meets its zone. */
struct vd_line_cfg {
    const char *name; /* the only one of its camera */
    struct vd_point from, to;
};

struct vd_zone_cfg {
    const char *name;
    struct vd_polygon polygon;
    float min_area;     /* fraction of the zone's unmasked area that must move, 0..1 */
    float min_area_top; /* the same at its top edge, evenly from there to min_area at its
                           bottom edge; 0: min_area all over */
    int64_t loiter_us;  /* so long in the zone is loitering; 0: never */
    const struct vd_line_cfg *lines;
    int n_lines;
};

/* Blinds the detector; with is_private, it is also burned into every picture that leaves. */
struct vd_mask_cfg {
    const char *name;
    struct vd_polygon polygon;
    bool is_private;
};

enum vd_config_transport { VD_CONFIG_TRANSPORT_TCP, VD_CONFIG_TRANSPORT_UDP };
enum vd_config_decode {
    VD_CONFIG_DECODE_SOFTWARE,
    VD_CONFIG_DECODE_VAAPI,
    VD_CONFIG_DECODE_CUDA
};
enum vd_config_evidence {
    VD_CONFIG_EVIDENCE_CLIPS,
    VD_CONFIG_EVIDENCE_SNAPSHOT,
    VD_CONFIG_EVIDENCE_OFF
};
enum vd_config_sensitivity {
    VD_CONFIG_SENSITIVITY_LOW,
    VD_CONFIG_SENSITIVITY_MEDIUM,
    VD_CONFIG_SENSITIVITY_HIGH
};

/* M of the last N analysed frames must qualify before a happening starts; 1 <= m <= n. */
struct vd_ratio {
    int m, n;
};

struct vd_detect_cfg {
    bool is_enabled;
    float fps;       /* analysed frames a second; 0: every frame */
    int sensitivity; /* enum vd_config_sensitivity */
    struct vd_ratio start;
    int64_t quiet_us;   /* this long without motion ends a happening */
    int64_t warm_up_us; /* nothing starts this soon after a connect; at most 2 s */
    int64_t update_us;  /* the least time between two updates of one happening */
    float min_area; /* as in a zone, for the whole picture of a camera without zones, 0..1 */
    float max_area; /* more than this at once is a scene-change, not motion, 0..1 */
};

/* Exactly one of url and pipeline is given. */
struct vd_camera_cfg {
    const char *id;
    const char *name; /* never NULL: the id where no name was given */
    const char *area; /* a code in vd_config.areas; never NULL in a loaded folder */
    int area_index;   /* its index; -1 after vd_config_load_cameras, which knows no areas */
    const char *url;  /* evidence; never holds user info */
    const char *detect_url; /* detection; NULL: url serves both */
    const char *pipeline;   /* a GStreamer source, in place of url */
    const char *user;
    const char *password_file; /* as written; for vd_config_secret() */
    int64_t secret_stamp;      /* changes when the password file does; 0 where it is unread */
    bool is_enabled;
    int transport; /* enum vd_config_transport */
    int decode;    /* enum vd_config_decode */
    int evidence;  /* enum vd_config_evidence */
    int priority;  /* 0..9; a higher one is served first under overload */
    struct vd_strings tags;
    struct vd_detect_cfg detect;
    const struct vd_zone_cfg *zones;
    int n_zones;
    const struct vd_mask_cfg *masks;
    int n_masks;
    const char *file; /* where it is written, relative to the folder, and in which line */
    int line;
};

enum vd_config_severity {
    VD_CONFIG_SEVERITY_GREEN,
    VD_CONFIG_SEVERITY_YELLOW,
    VD_CONFIG_SEVERITY_RED
};
enum vd_config_group {
    VD_CONFIG_GROUP_CAMERA,
    VD_CONFIG_GROUP_AREA,
    VD_CONFIG_GROUP_RULE,
    VD_CONFIG_GROUP_NODE
};
enum vd_config_holidays {
    VD_CONFIG_HOLIDAYS_CLOSED,
    VD_CONFIG_HOLIDAYS_WHOLE_DAY,
    VD_CONFIG_HOLIDAYS_ONLY
};
enum vd_config_count_of { VD_CONFIG_COUNT_EVENTS, VD_CONFIG_COUNT_CAMERAS };

/* Days by name: a date is "2026-10-01", "2026-10-01..2026-10-07", or "05-01" of each year; see
 * vd_config_days(). */
struct vd_calendar_cfg {
    const char *name;
    struct vd_strings dates;
};
enum vd_config_resolve {
    VD_CONFIG_RESOLVE_BY_SEVERITY, /* only as written; a loaded rule has one of the others */
    VD_CONFIG_RESOLVE_BY_HAND,
    VD_CONFIG_RESOLVE_AUTO
};

/* Local time in `zone`. A window begins on the days named; with to_min <= from_min it crosses
 * midnight and ends on the day after. from 0 to 1440 is the whole day. */
struct vd_schedule_cfg {
    const char *zone; /* IANA name; NULL: no schedule, always */
    int from_min;     /* minute of the day, 0..1439 */
    int to_min;       /* minute of the day, 0..1440, not equal to from_min; exclusive */
    uint32_t days;    /* bit 0 Monday … bit 6 Sunday; never 0 */
    struct vd_strings holidays; /* calendars by name */
    int on_holidays;            /* enum vd_config_holidays */
};

/* So many within a time. */
struct vd_count_cfg {
    int64_t at_least;
    float share;       /* of the cameras of the group, 0..1; 0: at_least alone */
    int64_t within_us; /* 0: the rule does not count */
    int of;            /* enum vd_config_count_of */
};

/* What must hold, all of it. An empty list asks for nothing. */
struct vd_when_cfg {
    uint32_t kinds;            /* bit 1 << enum vd_kind of base/event.h; 0: any */
    const char *area;          /* this area or one below it; NULL: any */
    int area_index;            /* -1: any */
    struct vd_strings cameras; /* any of these ids */
    struct vd_strings tags;    /* the camera bears any of these */
    struct vd_strings zones;   /* the event names any of these */
    uint32_t did;              /* bits of enum vd_did: an object did one of these; 0: any */
    struct vd_strings lines;   /* it crossed one of these */
    int direction;             /* enum vd_direction; 0: either */
    int64_t min_dwell_us;      /* it was in the zone for so long */
    float min_score;           /* peak so far, 0..1 */
    float min_size, max_size;  /* of the largest object, part of the picture; 0: any */
    int64_t min_duration_us;
    int64_t absent_us; /* no such event for this long; 0: the rule asks for events */
    struct vd_count_cfg count;
    struct vd_schedule_cfg schedule;
};

/* What must have been before, in the same group. Of cond, what concerns one event alone. */
struct vd_after_cfg {
    struct vd_when_cfg cond;
    int64_t within_us; /* 0: nothing need have been */
};

struct vd_rule_cfg {
    const char *id;
    const char *name; /* never NULL: the id where no name was given */
    bool is_enabled;
    struct vd_when_cfg when;
    struct vd_after_cfg after;
    int severity;            /* enum vd_config_severity */
    const char *action;      /* what is asked of the operator; never NULL */
    const char *instruction; /* how it is done, at length; NULL: the action says it all */
    const char *asks;        /* who is asked first: a user or a post; NULL: whoever is there */
    int64_t ack_within_us;   /* 0: no deadline */
    int64_t resolve_within_us; /* 0: no deadline */
    int64_t cooldown_us;       /* since its last alert of a group opened */
    bool has_clip;             /* its alerts bear the clip beside the picture */
    int group_by;              /* enum vd_config_group */
    int group_level;           /* parts of the area code that count; 0: all */
    int64_t group_window_us;
    bool is_suppressing; /* alerts of what it counts lie beneath its own */
    int resolve;         /* VD_CONFIG_RESOLVE_BY_HAND or _AUTO */
};

/* A role of the database: who it signs in as, and the file that holds the password. */
struct vd_db_role_cfg {
    const char *user;
    const char *password_file; /* NULL: none is sent */
};

struct vd_database_cfg {
    const char *url; /* postgresql://host[:port]/name[?sslmode=…]; NULL: the private cluster */
    struct vd_db_role_cfg owner, router, console;
    int64_t connect_timeout_us;
    int64_t statement_timeout_us;
    int64_t retry_us; /* between two attempts to reach a database that is gone */
};

/* Whose key opens the bus over TCP, and what for. */
struct vd_bus_client_cfg {
    const char *name;
    const char *public_key;  /* Z85, 40 characters */
    struct vd_strings nodes; /* hands in events as one of these, and asks what is in use */
    bool listens;            /* to the whole feed: live, replay, snapshot */
};

/* Endpoints of the bus; NULL: ipc:// in the state folder. Over tcp:// with keys alone. */
struct vd_bus_cfg {
    const char *events, *feed, *replay, *media;
    const char *server_key;      /* the router's public key; NULL: none is needed */
    const char *server_key_file; /* its secret one */
    const char *key_file;        /* ours: of the workers, and of commands */
    const struct vd_bus_client_cfg *clients;
    int n_clients;
    int64_t heartbeat_us;
};

struct vd_tls_cfg {
    const char *cert, *key; /* paths of PEM files; NULL: none */
    bool is_generated;      /* the console makes a self-signed pair in the state folder */
};

struct vd_console_cfg {
    const char *listen; /* "127.0.0.1:8080", "[::1]:8080"; see vd_config_listen() */
    struct vd_tls_cfg tls;
    bool is_behind_proxy;
    const char *metrics_token_file; /* NULL: /metrics answers to loopback only */
    const char *bus_key_file;       /* the console's own, where the bus is tcp:// */
    int64_t session_us;             /* a session ends after this long */
    int64_t offline_us;             /* sessions stay valid this long without the database */
    int64_t sse_heartbeat_us;
};

struct vd_ingest_cfg {
    int64_t workers;
    int64_t connects_per_worker, connects_per_host;
    int64_t backoff_min_us, backoff_max_us;
    int64_t good_after_us; /* good frames for this long reset the backoff */
    int64_t open_timeout_us, read_timeout_us;
    int64_t degraded_after_us, lost_after_us; /* the second counts from degraded */
    int64_t back_after_us;                    /* good frames for this long end a lost */
    int64_t auth_tries, auth_window_us;       /* after a 401 */
    int64_t max_pixels;                       /* of one decoded frame; more is refused */
    int64_t spool_limit_bytes, spool_reserve_bytes;
    int64_t commit_us; /* group commit of the spool */
    int64_t window;    /* events sent and not yet acknowledged */
    int64_t resend_us;
};

struct vd_evidence_cfg {
    int64_t pre_us, post_us; /* of a clip, before and after its happening */
    int64_t file_us;         /* what grows longer goes on in another file */
    int64_t ring_bytes;      /* of one camera, at most */
    const char *encoder;     /* of H.264, by libav's name, where clips are encoded anew */
};

struct vd_router_cfg {
    int64_t batch;         /* events of one transaction */
    int64_t batch_wait_us; /* an incomplete batch is written after this */
    int64_t queue;         /* batches that wait for the writer */
    int64_t time_suspect_us;
    int64_t standby_us; /* how often a standby asks for the lock */
    int64_t seal_us;    /* between two signed heads of the log */
};

struct vd_retention_cfg {
    int64_t events_us, alerts_us, media_us, quarantine_us;
    int64_t media_bytes; /* of one media folder; 0: no limit but the age */
    int64_t every_us;    /* how often it is looked after */
};

/* Who can be sent: a patrol car, a guard. */
struct vd_unit_cfg {
    const char *id, *name; /* name NULL: it is called by its id */
};

struct vd_work_cfg {
    const struct vd_unit_cfg *units;
    int n_units;
    int64_t shelve_max_us; /* nothing is out of sight for longer at a time */
};

/* A file of the folder as it was read; path is relative ("cameras/dock.yaml"). No secret is in
 * it: those are files of their own, which a load looks at and forgets. */
struct vd_config_file {
    const char *path, *text;
    size_t len; /* bytes of text, which may hold anything where a folder does not pass */
    const struct vd_config_file *next;
};

struct vd_config {
    char revision[VD_CONFIG_REVISION_LEN + 1]; /* SHA-256 of the files' names and bytes, hex */
    const char *given;                         /* the folder as given to vd_config_load */
    const char *folder;                        /* the same with links resolved, absolute */
    const struct vd_config_file *files;        /* what it was made from, in the order read */
    struct vd_database_cfg database;
    struct vd_bus_cfg bus;
    struct vd_console_cfg console;
    struct vd_ingest_cfg ingest;
    struct vd_evidence_cfg evidence;
    struct vd_router_cfg router;
    struct vd_retention_cfg retention;
    const struct vd_calendar_cfg *calendars;
    int n_calendars;
    struct vd_work_cfg work;
    const struct vd_area_cfg *areas; /* sorted by code */
    int n_areas;
    const struct vd_camera_cfg *cameras; /* sorted by id */
    int n_cameras;
    const struct vd_rule_cfg *rules; /* sorted by id */
    int n_rules;
};

/* Whose secrets this process can and must read; others' files are not looked at. */
enum {
    VD_CONFIG_SECRETS_NONE = 0,
    VD_CONFIG_SECRETS_CAMERAS = 1 << 0, /* and the workers' key of the bus */
    VD_CONFIG_SECRETS_DB_OWNER = 1 << 1,
    VD_CONFIG_SECRETS_DB_ROUTER = 1 << 2, /* and the bus's own key */
    VD_CONFIG_SECRETS_DB_CONSOLE = 1 << 3,
    VD_CONFIG_SECRETS_CONSOLE = 1 << 4, /* TLS key, metrics token, key of the bus */
    VD_CONFIG_SECRETS_ALL = (1 << 5) - 1
};

struct vd_problems; /* config/problems.h: every problem that was found, in order of place */

/* Reads and checks the folder (vedette.yaml and the .yaml files of cameras and rules), and the
 * secret files named by the bits of `secrets`. Blocks on the disk, takes no lock, any thread.
 * *ret_cfg is a snapshot with one reference, the caller's; untouched on failure. problems may
 * be NULL, else it is filled with all that is wrong (also on success: then it is empty).
 * VD_EINVAL: the folder does not pass, err says the first problem and how many follow;
 * VD_EIO: the folder cannot be read at all; VD_ENOMEM. */
int vd_config_load(struct vd_config **ret_cfg, const char *folder, unsigned secrets,
                   struct vd_problems *problems, struct vd_err *err);

/* A file of the folder as it would be: path is relative ("cameras/dock.yaml"); text of len
 * bytes, or NULL as if the file was not there. All borrowed. */
struct vd_overlay {
    const char *path;
    const char *text;
    size_t len;
};

/* As vd_config_load, with one file replaced in thought: what a change would do, before it is
 * made. over may be NULL. */
int vd_config_load_with(struct vd_config **ret_cfg, const char *folder,
                        const struct vd_overlay *over, unsigned secrets,
                        struct vd_problems *problems, struct vd_err *err);

/* Reads the cameras of one file, without its folder: areas stay unchecked (area_index -1) and
 * no secret is looked at. For tools that work on one camera's settings. Errors as above. */
int vd_config_load_cameras(struct vd_config **ret_cfg, const char *file,
                           struct vd_problems *problems, struct vd_err *err);

/* One more reference; any thread. Returns cfg. */
struct vd_config *vd_config_ref(struct vd_config *cfg);

/* Gives the caller's reference back and sets *cfg to NULL; NULL is fine; any thread. */
void vd_config_unref(struct vd_config **cfg);

/* The camera, area or rule of that name, borrowed from cfg, or NULL. */
const struct vd_camera_cfg *vd_config_camera(const struct vd_config *cfg, const char *id);
const struct vd_area_cfg *vd_config_area(const struct vd_config *cfg, const char *code);
const struct vd_rule_cfg *vd_config_rule(const struct vd_config *cfg, const char *id);

/* Reads one date of a calendar: days since 1970-01-01, both within; or with *ret_yearly month *
 * 100 + day, which may run over the new year. VD_EINVAL says what would be right. */
int vd_config_days(const char *text, int *ret_from, int *ret_to, bool *ret_yearly,
                   struct vd_err *err);

/* What differs between two snapshots, beside their cameras. */
enum {
    VD_CONFIG_CHANGED_AREAS = 1 << 0,
    VD_CONFIG_CHANGED_RULES = 1 << 1,
    VD_CONFIG_CHANGED_SYSTEM = 1 << 2,  /* any other section of vedette.yaml */
    VD_CONFIG_CHANGED_RESTART = 1 << 3, /* among it one that takes effect at the next start */
    VD_CONFIG_CHANGED_CAMERAS = 1 << 4
};

/* was is NULL for an added camera, now for a removed one; a changed one has both. Both are
 * borrowed for the call. */
typedef void vd_config_camera_fn(void *self, const struct vd_camera_cfg *was,
                                 const struct vd_camera_cfg *now);

/* Calls each (may be NULL) for every camera that was added, removed or changed (any key of it,
 * or its password file), in the order of ids. Returns the bits above; 0: nothing differs.
 * Allocates nothing, cannot fail. */
unsigned vd_config_diff(const struct vd_config *was, const struct vd_config *now,
                        vd_config_camera_fn *each, void *self);

/* Splits "host:port", "[v6]:port" or ":port" (every address; host is then ""). host has room
 * for host_size bytes. VD_EINVAL when it is neither. */
int vd_config_listen(const char *text, char *host, size_t host_size, uint16_t *ret_port,
                     struct vd_err *err);

#endif
