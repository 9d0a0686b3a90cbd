/* storage/pg/where.h: a WHERE clause of fixed parts and numbered arguments. Parts are literals
 * of the code; whatever a person typed is an argument. */
#ifndef VD_STORAGE_PG_WHERE_H
#define VD_STORAGE_PG_WHERE_H

#include "storage/pg/pg.h"

struct pg_where {
    struct vd_pg_args args;
    char sql[4096];
    size_t len;
    bool any;
    bool failed; /* the text did not fit */
};

/* Begins with sql, e.g. "SELECT a FROM t". */
void pg_where_init(struct pg_where *where, const char *sql);

/* Adds " WHERE part" or " AND part". Every '@' in part stands for the argument added last, "@@"
 * for the one before it. */
void pg_where_and(struct pg_where *where, const char *part);

/* Adds the end, e.g. " ORDER BY a LIMIT @". */
void pg_where_end(struct pg_where *where, const char *part);

/* column is within one of the areas: that area or beneath it. Nothing when n is 0. */
void pg_where_scopes(struct pg_where *where, const char *column, const char *const *areas,
                     int n);

/* VD_EINVAL when the whole did not fit. */
int pg_where_run(struct pg_where *where, struct vd_pg *pg, struct vd_pg_rows **ret_rows,
                 struct vd_err *err);

#endif
