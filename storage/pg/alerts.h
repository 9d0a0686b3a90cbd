/* storage/pg/alerts.h: alerts as rows. What may change into what is decided elsewhere; here a
 * change is stored only if the row still has the version that the change was made from. */
#ifndef VD_STORAGE_PG_ALERTS_H
#define VD_STORAGE_PG_ALERTS_H

#include "storage/pg/pg.h"

#define VD_ALERT_AREA_MAX        255
#define VD_ALERT_NAME_MAX        127 /* camera, rule, owner, actor */
#define VD_ALERT_GROUP_MAX       319
#define VD_ALERT_ACTION_MAX      511
#define VD_ALERT_INSTRUCTION_MAX 2047
#define VD_ALERT_MEDIA_MAX       191
#define VD_ALERT_REASON_MAX      255
#define VD_ALERT_SHOWS_MAX       4095

/* Plain data, copied by assignment. Ids are UUIDs in text form; "" is NULL, as 0 is for times.
 */
struct vd_alert {
    char id[37];
    int64_t version;  /* from 1; vd_pg_alert_update raises it */
    int64_t position; /* of its last change in the feed */
    char severity[8]; /* red, yellow, green */
    char state[16];   /* open, acknowledged, dispatched, resolved */
    bool active;      /* the condition is still there */
    char kind[24];
    char camera[VD_ALERT_NAME_MAX + 1]; /* "": about an area */
    char area[VD_ALERT_AREA_MAX + 1];
    char rule[VD_ALERT_NAME_MAX + 1];
    char action[VD_ALERT_ACTION_MAX + 1];
    char instruction[VD_ALERT_INSTRUCTION_MAX + 1]; /* how it is done; "": action says it */
    char asks[VD_ALERT_NAME_MAX + 1];               /* who is asked first; "": anybody */
    int64_t ack_within_us, resolve_within_us;       /* what the rule gives; 0: no deadline */
    char group[VD_ALERT_GROUP_MAX + 1];
    char resolve[8];     /* by-hand, auto */
    int64_t events;      /* happenings it stands for */
    int64_t seen_events; /* as many of them as when a person last changed it */
    int64_t first_us, last_us;
    char event[37]; /* the happening it shows */
    char snapshot[VD_ALERT_MEDIA_MAX + 1];
    char clip[VD_ALERT_MEDIA_MAX + 1];
    char shows[VD_ALERT_SHOWS_MAX + 1]; /* a copy of the message it shows, JSON; never "" */
    char owner[VD_ALERT_NAME_MAX + 1];
    char unit[VD_ALERT_NAME_MAX + 1]; /* that was sent */
    int64_t counted_from_us;          /* deadlines count from here: opened or reopened */
    int64_t deadline_us;              /* of its present state; 0: none */
    int64_t escalation;               /* levels of the area tree that it went up */
    int64_t escalated_us;             /* when it last did */
    int64_t due_us;                   /* when something happens by itself; 0: never */
    char disposition[16]; /* real, nuisance, false, test, maintenance; "" until resolved */
    char suppressed_by[37];
    int64_t shelved_until_us;
    char shelved_reason[VD_ALERT_REASON_MAX + 1];
    int64_t opened_us, acknowledged_us, resolved_us;
    int64_t changed_us;
    char changed_by[VD_ALERT_NAME_MAX + 1];
};

/* Stores a new alert; its version must be 1. VD_EINVAL: a value the schema refuses. */
int vd_pg_alert_insert(struct vd_pg *pg, const struct vd_alert *alert, struct vd_err *err);

/* Stores all of alert, if the row still has alert->version; it then has version + 1.
 * Returns 1: stored, 0: stale (or no such alert), nothing changed: vd_pg_alert_get tells what
 * it is now. The row is locked until the transaction ends. */
int vd_pg_alert_update(struct vd_pg *pg, const struct vd_alert *alert, struct vd_err *err);

/* The same of what people change and nothing else: state, owner, deadline, disposition,
 * suppressed_by, shelving, times of acknowledgement, resolution and change, changed_by,
 * seen_events, unit, escalation, what is due. The console's role may store no more;
 * vd_pg_feed_alert must follow. */
int vd_pg_alert_work(struct vd_pg *pg, const struct vd_alert *alert, struct vd_err *err);

enum vd_pg_lock { VD_PG_READ, VD_PG_FOR_UPDATE };

/* Returns 1 and the alert, or 0: none of that id (also when id is no UUID). FOR_UPDATE locks
 * the row until the transaction ends; lock several in the order of their ids. */
int vd_pg_alert_get(struct vd_pg *pg, const char *id, enum vd_pg_lock lock,
                    struct vd_alert *ret_alert, struct vd_err *err);

/* The newest alert of a rule and group whose last event is not before since_us and that is not
 * resolved. Returns 1 or 0. */
int vd_pg_alert_of_group(struct vd_pg *pg, const char *rule, const char *group,
                         int64_t since_us, struct vd_alert *ret_alert, struct vd_err *err);

/* The ids of alerts of which something is due at now_us (alerts/workflow/due.h), the longest
 * overdue first; ret_ids has room for limit. Returns how many. */
int vd_pg_alert_due(struct vd_pg *pg, int64_t now_us, int limit, char (*ret_ids)[37],
                    struct vd_err *err);

#define VD_ALERT_LIST_MAX 500
#define VD_ALERT_TEXT_MAX 600 /* bytes to look for: 200 characters of any script */

/* What a search asks for; zeroed means everything. Pointers are borrowed. */
struct vd_alert_filter {
    const char
        *states[4]; /* any of them; none: all. "unresolved" as states[0]: all but resolved */
    int n_states;
    const char *severity; /* NULL: any */
    const char *camera;
    const char *area; /* and what lies beneath it */
    const char *owner;
    const char *text;          /* part of camera, rule, action, area or owner, any case */
    int64_t from_us, to_us;    /* opened in [from, to); 0: open-ended */
    const char *const *scopes; /* areas that the asker may see */
    int n_scopes;              /* 0: all of them; at most 16 */
    /* The more severe first, then the newest; those beneath a cause that is not resolved and
     * that the asker may see are left out. Else the newest first, all of them. */
    bool is_urgent_first;
    int64_t before_us;     /* the cursor: opened_us and id of the last one of the page before */
    const char *before_id; /* NULL: the first page */
    int limit;             /* 0: 50; at most VD_ALERT_LIST_MAX */
};

/* Fills ret_alerts (room for filter->limit) in the order that filter asks for. Returns how
 * many: fewer than limit means the end. VD_EINVAL: a limit or cursor out of range. */
int vd_pg_alert_list(struct vd_pg *pg, const struct vd_alert_filter *filter,
                     struct vd_alert *ret_alerts, struct vd_err *err);

/* Unresolved alerts by severity, not suppressed and not shelved, within scopes. */
struct vd_alert_counts {
    int64_t red, yellow, green;
};
int vd_pg_alert_counts(struct vd_pg *pg, const char *const *scopes, int n_scopes,
                       struct vd_alert_counts *ret_counts, struct vd_err *err);

/* ---- happenings of an alert ---- */

/* Notes that alert stands for event (UUIDs as text); again: changes nothing. Returns 1: new, 0.
 */
int vd_pg_alert_event_add(struct vd_pg *pg, const char *alert, const char *event,
                          struct vd_err *err);

/* The happening has ended. Calls each for every alert that stood for it, saying whether another
 * of its happenings is still open. Returns how many alerts. */
typedef void vd_pg_alert_event_fn(void *arg, const char *alert, bool still_active);
int vd_pg_alert_event_end(struct vd_pg *pg, const char *event, vd_pg_alert_event_fn *each,
                          void *arg, struct vd_err *err);

/* The alert stands for none of its happenings any more. Returns how many. */
int vd_pg_alert_events_end(struct vd_pg *pg, const char *alert, struct vd_err *err);

/* Calls each for every happening that has not ended with the alert that stands for it. Returns
 * how many. */
typedef void vd_pg_alert_tie_fn(void *arg, const char *alert, const char *event);
int vd_pg_alert_events_open(struct vd_pg *pg, vd_pg_alert_tie_fn *each, void *arg,
                            struct vd_err *err);

/* ---- media that must stay ---- */

/* Calls each for the ids of snapshots and clips that unresolved alerts show. Returns how many.
 */
typedef void vd_pg_media_fn(void *arg, const char *media);
int vd_pg_alert_media(struct vd_pg *pg, vd_pg_media_fn *each, void *arg, struct vd_err *err);

#endif
