/* storage/pg/where.c: puts $1, $2 … where the parts have '@'. */
#include "storage/pg/where.h"

#include <stdio.h>
#include <string.h>

#include "base/str.h"

static void add(struct pg_where *where, const char *part)
{
    while (*part != '\0') {
        size_t plain = strcspn(part, "@");
        int back = 0;

        if (!vd_str_add(where->sql, sizeof where->sql, &where->len, "%.*s", (int)plain, part))
            where->failed = true;
        part += plain;
        while (*part == '@') {
            part++;
            back++;
        }
        if (back > 0 && !vd_str_add(where->sql, sizeof where->sql, &where->len, "$%d",
                                    where->args.n - back + 1))
            where->failed = true;
    }
}

void pg_where_init(struct pg_where *where, const char *sql)
{
    memset(where, 0, sizeof *where);
    add(where, sql);
}

void pg_where_and(struct pg_where *where, const char *part)
{
    add(where, where->any ? " AND " : " WHERE ");
    where->any = true;
    add(where, part);
}

void pg_where_end(struct pg_where *where, const char *part)
{
    add(where, part);
}

void pg_where_scopes(struct pg_where *where, const char *column, const char *const *areas,
                     int n)
{
    if (n == 0)
        return;
    pg_where_and(where, "(");
    for (int i = 0; i < n; i++) {
        /* '0' follows '/': [area/, area0) is the area and all beneath it, as a range of the
         * index */
        vd_pg_arg_text(&where->args, areas[i]);
        add(where, i > 0 ? " OR (" : "(");
        add(where, column);
        add(where, " >= @ || '/' AND ");
        add(where, column);
        add(where, " < @ || '0')");
    }
    add(where, ")");
}

int pg_where_run(struct pg_where *where, struct vd_pg *pg, struct vd_pg_rows **ret_rows,
                 struct vd_err *err)
{
    if (where->failed)
        return vd_err_set(err, VD_EINVAL, "database: a search with too many conditions");
    return vd_pg_exec(pg, where->sql, &where->args, ret_rows, err);
}
