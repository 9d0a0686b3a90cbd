/* tests/support/pg_tmp_main.h: the main of a Criterion executable whose tests share one server.
 * Each test works in a database of its own: pg_shared_database(). Include in one file. */
#ifndef VD_TESTS_SUPPORT_PG_TMP_MAIN_H
#define VD_TESTS_SUPPORT_PG_TMP_MAIN_H

#include <criterion/criterion.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/support/pg_tmp.h"

static struct pg_tmp pg_shared;
static char pg_shared_dbname[32];

/* In a test: makes its database and returns its name. */
static inline const char *pg_shared_database(void)
{
    snprintf(pg_shared.dir, sizeof pg_shared.dir, "%s", getenv("VD_PG_TMP"));
    snprintf(pg_shared_dbname, sizeof pg_shared_dbname, "test_%d", (int)getpid());
    pg_tmp_fresh(&pg_shared, pg_shared_dbname);
    return pg_shared_dbname;
}

/* In a test, after pg_shared_database: a connection to it. */
static inline struct vd_pg *pg_shared_connect(const char *role)
{
    return pg_tmp_connect(&pg_shared, role, pg_shared_dbname);
}

int main(int argc, char **argv)
{
    struct criterion_test_set *tests = criterion_initialize();
    int ok = 1;

    if (criterion_handle_args(argc, argv, true)) {
        pg_tmp_open(&pg_shared);
        setenv("VD_PG_TMP", pg_shared.dir, 1);
        ok = criterion_run_all_tests(tests);
        pg_tmp_close(&pg_shared);
    }
    criterion_finalize(tests);
    return ok ? 0 : 1;
}

#endif
