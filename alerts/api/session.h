/* alerts/api/session.h: who is signed in, in memory. The database has the truth; the copy here
 * answers most requests, and all of them while the database is gone. */
#ifndef VD_ALERTS_API_SESSION_H
#define VD_ALERTS_API_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/crypto.h"
#include "storage/pg/users.h"

enum {
    VD_SESSIONS_MAX = 2048,
    VD_SESSION_AREA_MAX = 8, /* subtrees of a user that are kept here; more: he sees fewer */
};

#define VD_SESSION_FRESH_US INT64_C(15000000)   /* this long the copy is as good as the row */
#define VD_SESSION_IDLE_US  INT64_C(7200000000) /* without a request or an open page: over */
#define VD_SESSION_TOUCH_US INT64_C(60000000)   /* how often its use is written down */

/* Whom a request comes from; plain data, copied by assignment. */
struct vd_who {
    uint8_t token[VD_HASH_BYTES]; /* the hash of it */
    char name[VD_USER_NAME_MAX + 1];
    char role[16];
    char csrf[65];
    char areas[VD_SESSION_AREA_MAX][256];
    int n_areas;                    /* 0: sees everything */
    int64_t created_us, expires_us; /* wall */
};

enum vd_session_state {
    VD_SESSION_NONE,  /* not in memory: ask the database */
    VD_SESSION_GOOD,  /* go ahead */
    VD_SESSION_STALE, /* was good; ask the database again, and without it go by the hour */
    VD_SESSION_OVER   /* idle or expired */
};

struct vd_sessions; /* any thread; a mutex of its own */

struct vd_sessions *vd_sessions_new(void);
void vd_sessions_free(struct vd_sessions **sessions);

/* Looks one up and notes its use. *ret_who is set unless NONE. ret_seen_us: when the database
 * last confirmed it (mono); ret_touch: its use should be written down now. */
enum vd_session_state vd_sessions_get(struct vd_sessions *sessions,
                                      const uint8_t token[VD_HASH_BYTES], int64_t mono_us,
                                      int64_t wall_us, struct vd_who *ret_who,
                                      int64_t *ret_confirmed_us, bool *ret_touch);

/* The database says it is good. When the table is full the one that was idle longest goes (it
 * can come back from the database). */
void vd_sessions_put(struct vd_sessions *sessions, const struct vd_who *who, int64_t mono_us);

/* The same, without counting as use, and only if it is still there. */
void vd_sessions_confirm(struct vd_sessions *sessions, const struct vd_who *who,
                         int64_t mono_us);

/* Calls fn, without the lock, for every one used in the last minute, until it returns false. */
void vd_sessions_each(struct vd_sessions *sessions, int64_t mono_us,
                      bool (*fn)(void *arg, const uint8_t token[VD_HASH_BYTES]), void *arg);

/* It is over. */
void vd_sessions_drop(struct vd_sessions *sessions, const uint8_t token[VD_HASH_BYTES]);

/* What a session and its user are, for those who ask. */
void vd_who_of(const struct vd_session *session, const struct vd_user *user,
               struct vd_who *ret_who);

/* May he see what belongs to this area? The one place that decides it. */
bool vd_who_sees(const struct vd_who *who, const char *area);

/* Do both see the same? */
bool vd_who_sees_alike(const struct vd_who *a, const struct vd_who *b);

/* May he change alerts? Everybody but viewers. */
bool vd_who_acts(const struct vd_who *who);

#endif
