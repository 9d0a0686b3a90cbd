/* storage/pg/users.h: people who may sign in, and their sessions. Secrets come in hashed. */
#ifndef VD_STORAGE_PG_USERS_H
#define VD_STORAGE_PG_USERS_H

#include "storage/pg/pg.h"

#define VD_USER_NAME_MAX  127
#define VD_USER_HASH_MAX  255
#define VD_USER_AREAS_MAX 16
#define VD_SESSION_TOKEN  32 /* bytes of the hash of a token */

struct vd_user {
    char name[VD_USER_NAME_MAX + 1];
    char hash[VD_USER_HASH_MAX + 1]; /* argon2id, encoded */
    char role[16]; /* viewer, operator, supervisor, technician, administrator */
    char areas[VD_USER_AREAS_MAX][256]; /* subtrees he may see */
    int n_areas;                        /* 0: all */
    bool disabled;
    int64_t created_us, changed_us;
};

/* Makes the user or replaces hash, role, areas, disabled (by name). His sessions end when hash,
 * role or areas change or he is disabled. now_us goes into changed (and created). */
int vd_pg_user_store(struct vd_pg *pg, const struct vd_user *user, int64_t now_us,
                     struct vd_err *err);
/* Returns 1 and the user, or 0. */
int vd_pg_user_get(struct vd_pg *pg, const char *name, struct vd_user *ret_user,
                   struct vd_err *err);
/* Returns 1: gone with his sessions, 0: there was none. */
int vd_pg_user_remove(struct vd_pg *pg, const char *name, struct vd_err *err);
int vd_pg_user_count(struct vd_pg *pg, struct vd_err *err);
typedef void vd_pg_user_fn(void *arg, const struct vd_user *user);
int vd_pg_user_list(struct vd_pg *pg, vd_pg_user_fn *each, void *arg, struct vd_err *err);

struct vd_session {
    uint8_t token[VD_SESSION_TOKEN];
    char name[VD_USER_NAME_MAX + 1];
    char csrf[65];
    char address[64];
    char agent[256];
    int64_t created_us, last_seen_us, expires_us;
};

int vd_pg_session_insert(struct vd_pg *pg, const struct vd_session *session,
                         struct vd_err *err);
/* The session and its user, unless expired at now_us or the user is disabled. Returns 1 or 0.
 */
int vd_pg_session_get(struct vd_pg *pg, const uint8_t token[VD_SESSION_TOKEN], int64_t now_us,
                      struct vd_session *ret_session, struct vd_user *ret_user,
                      struct vd_err *err);
/* Notes that it was used; expires_us as it shall be now. Returns 1 or 0. */
int vd_pg_session_touch(struct vd_pg *pg, const uint8_t token[VD_SESSION_TOKEN], int64_t now_us,
                        int64_t expires_us, struct vd_err *err);
int vd_pg_session_remove(struct vd_pg *pg, const uint8_t token[VD_SESSION_TOKEN],
                         struct vd_err *err);
/* Forgets the expired ones; returns how many. */
int vd_pg_session_expire(struct vd_pg *pg, int64_t now_us, struct vd_err *err);

#endif
