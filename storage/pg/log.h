/* storage/pg/log.h: the append-only log of who did what. Each entry carries the hash of the one
 * before; no role of the application can change or delete one. */
#ifndef VD_STORAGE_PG_LOG_H
#define VD_STORAGE_PG_LOG_H

#include "storage/pg/pg.h"

#define VD_LOG_HASH 32

struct vd_pg_log_head {
    int64_t n; /* number of the last entry, from 1; 0: none */
    uint8_t hash[VD_LOG_HASH];
};

struct vd_pg_log_entry {
    const char *actor;  /* a user, or "rule:<id>", "system" */
    const char *action; /* alert.acknowledge, session.open … */
    const char *object; /* an id; "": none */
    const char *detail; /* JSON; "": none */
};

/* Appends in the caller's transaction (after alerts are locked, before the feed). Holds the
 * head until the transaction ends. ret_head may be NULL. */
int vd_pg_log_append(struct vd_pg *pg, const struct vd_pg_log_entry *entry,
                     struct vd_pg_log_head *ret_head, struct vd_err *err);

/* The head as it is. */
int vd_pg_log_head(struct vd_pg *pg, struct vd_pg_log_head *ret_head, struct vd_err *err);

struct vd_pg_log_row {
    int64_t n;
    int64_t at_us;
    const char *role, *actor, *action, *object, *detail;
    uint8_t hash[VD_LOG_HASH];
};
typedef void vd_pg_log_fn(void *arg, const struct vd_pg_log_row *row);

/* Entries above `after`, in order, at most limit (0: 1000); object NULL: of all. */
int vd_pg_log_read(struct vd_pg *pg, int64_t after, const char *object, int limit,
                   vd_pg_log_fn *each, void *arg, struct vd_err *err);

/* Recomputes the chain. *ret_bad: the first entry that does not fit (missing, changed, or the
 * head disagrees: head.n + 1), 0: sound. Returns how many entries were looked at. */
int vd_pg_log_verify(struct vd_pg *pg, int64_t *ret_bad, struct vd_pg_log_head *ret_head,
                     struct vd_err *err);

#endif
