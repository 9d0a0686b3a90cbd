/* alerts/api/hub.h: what the console knows without asking anybody: the unresolved alerts, the
 * cameras' states, how late things are; and the last messages, numbered, for the streams.
 * One writer (the feed thread), any number of readers; a mutex of its own, never held across
 * I/O. A stream is a cursor into one shared ring: a slow one falls off its end and is closed,
 * and costs the others nothing. */
#ifndef VD_ALERTS_API_HUB_H
#define VD_ALERTS_API_HUB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "alerts/api/session.h"
#include "base/err.h"
#include "base/json.h"

enum {
    VD_HUB_RING = 4096,    /* messages kept for streams */
    VD_HUB_ALERTS = 20000, /* unresolved alerts kept; beyond, the oldest are left to searches */
    VD_HUB_BACKLOG_MAX = 1024 * 1024, /* bytes a stream is sent before it joins the ring */
};

struct vd_hub;

typedef void vd_hub_wake_fn(void *arg);

/* wake is called, without the lock, after something was added for streams. */
int vd_hub_open(struct vd_hub **ret_hub, struct vd_err *err);
void vd_hub_close(struct vd_hub **hub);
void vd_hub_on_wake(struct vd_hub *hub, vd_hub_wake_fn *wake, void *arg);

/* ---- what comes in ---- */

/* A row of the feed whose topic is of an alert: vedette.alert.v1, or its data alone. Rows come
 * in the order of their positions. What can't be understood is counted and left out. */
void vd_hub_alert(struct vd_hub *hub, int64_t position, const char *json, size_t len);

/* Everything up to position has been handed over, also rows that are of no interest here. */
void vd_hub_through(struct vd_hub *hub, int64_t position);

/* A fresh start: forgets alerts and ring; then come vd_hub_alert_open for each unresolved one
 * and vd_hub_reset_end with the position they are true at. Streams end then, and
 * come back with the position they have. */
void vd_hub_reset(struct vd_hub *hub);
void vd_hub_alert_open(struct vd_hub *hub, const char *json, size_t len);
void vd_hub_reset_end(struct vd_hub *hub, int64_t position);

/* How late things are. Streams are told when it changes. */
struct vd_hub_status {
    bool has_router;    /* its heartbeat is there */
    bool has_database;  /* for us */
    bool is_committing; /* the router stores what comes in */
    int64_t delayed_us; /* wall: since when one of these is not so; 0: all is well */
    int64_t waiting;    /* events that wait to be stored */
    char revision[65];  /* of the configuration */
};
void vd_hub_set_status(struct vd_hub *hub, const struct vd_hub_status *status);
struct vd_hub_status vd_hub_get_status(struct vd_hub *hub);

/* One camera as people are shown it. Texts are cut to fit. */
struct vd_hub_camera {
    char id[64], name[128], area[128], area_name[128];
    char state[24]; /* online, connecting, degraded, lost, disabled, unknown … */
    char reason[256];
    char detail[512]; /* JSON from the worker, or "" */
    int64_t since_us;
    bool is_enabled;
};
/* Replaces the list; those that differ are told to streams. Copies. */
void vd_hub_set_cameras(struct vd_hub *hub, const struct vd_hub_camera *cameras, int n);

/* A sign of life with the time of day, for every stream. */
void vd_hub_beat(struct vd_hub *hub, int64_t wall_us);

/* ---- what goes out ---- */

/* {"alerts":[…],"position":n,"truncated":b,"next":null}: the unresolved ones that who may see,
 * newest first. A fresh text of *ret_len bytes, the caller's; NULL: no memory. */
char *vd_hub_alerts_json(struct vd_hub *hub, const struct vd_who *who, size_t *ret_len);

/* The cameras that who may see, a JSON array, the caller's; NULL: no memory. */
struct vd_json *vd_hub_cameras_json(struct vd_hub *hub, const struct vd_who *who);

/* A copy of one unresolved alert that who may see, the caller's; NULL: none here. */
char *vd_hub_alert_json(struct vd_hub *hub, const struct vd_who *who, const char *id,
                        size_t *ret_len);

/* May he see this camera? By its area; a camera that is not configured: only who sees all. */
bool vd_hub_sees_camera(struct vd_hub *hub, const struct vd_who *who, const char *camera);

/* Has this hub been filled since it started? */
bool vd_hub_is_ready(struct vd_hub *hub);
int64_t vd_hub_position(struct vd_hub *hub);

/* How many alerts are open where he sees. */
int vd_hub_alert_count(struct vd_hub *hub, const struct vd_who *who);

/* ---- streams ---- */

/* Where a stream is. */
struct vd_hub_cursor {
    uint64_t serial; /* of the next message of the ring */
    char *backlog;   /* to be sent first; owned */
    size_t backlog_len, backlog_sent;
    size_t sent; /* bytes of the message at serial that are out */
};

enum vd_hub_join {
    VD_HUB_JOINED,
    VD_HUB_OLD /* position lies before the ring: read the feed's rows from the database */
};

/* Sets cursor behind position (< 0: behind all there is). A hub that knows nothing of such a
 * position joins too, and sends "reset" first. */
enum vd_hub_join vd_hub_join(struct vd_hub *hub, int64_t position,
                             struct vd_hub_cursor *cursor);

/* Appends one row of the feed to the backlog, if who may see it. VD_ENOMEM: over
 * VD_HUB_BACKLOG_MAX. */
int vd_hub_backlog_add(struct vd_hub_cursor *cursor, const struct vd_who *who, int64_t position,
                       const char *json, size_t len);

/* Makes the stream load anew: drops its backlog, joins the ring at its end. */
void vd_hub_join_reset(struct vd_hub *hub, struct vd_hub_cursor *cursor);

/* Copies what is next for who, at most size bytes. 0: nothing now; VD_EEOF: it fell behind.
 */
int vd_hub_read(struct vd_hub *hub, struct vd_hub_cursor *cursor, const struct vd_who *who,
                char *buf, size_t size);

void vd_hub_cursor_fini(struct vd_hub_cursor *cursor);

#endif
