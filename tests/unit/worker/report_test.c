/* What a worker says of itself each second: whole JSON, with room for the cameras beside it. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/crypto.h"
#include "base/json.h"
#include "ingest/publish/ship.h"
#include "ingest/worker/numbers.h"
#include "ingest/worker/report.h"
#include "tests/support/tmpdir.h"

enum { CAMERAS_BYTES = 24 * 1024 /* of a piece, at most */ };

static const int64_t HUGE_VALUE = INT64_C(-9223372036854775807); /* the longest to print */

Test(report, of_numbers_that_are_as_long_as_can_be_leaves_room_for_the_cameras)
{
    struct vd_spool_opts opts = {.producer = "/ingest/w1",
                                 .cap_bytes = 4 << 20,
                                 .reserve_bytes = 1 << 20,
                                 .clock = &vd_clock_system};
    static char buf[VD_SHIP_HELLO_MAX - CAMERAS_BYTES];
    struct vd_spool *spool = NULL;
    struct vd_report *report = NULL;
    struct vd_json *doc = NULL;
    struct vd_err err = {0};
    struct tmpdir dir;
    size_t n_help = 0;
    int len;

    cr_assert_eq(vd_crypto_init(&err), 0);
    vd_json_init();
    tmpdir_open(&dir);
    opts.path = tmpdir_file(&dir, "w1.db");
    cr_assert_eq(vd_spool_open(&spool, &opts, &err), 0, "%s", err.msg);
    cr_assert_eq(vd_report_open(&report, "w1", spool, &err), 0, "%s", err.msg);
    for (int i = 0; i < VD_N_NUMBERS; i++) {
        vd_metric_set(&vd_numbers[i], HUGE_VALUE);
        for (int j = 0; j < VD_METRIC_BUCKETS; j++)
            atomic_store(&vd_numbers[i].buckets[j], UINT64_MAX / 2);
        n_help += i == 0 || strcmp(vd_numbers[i].name, vd_numbers[i - 1].name) != 0;
    }
    len = vd_report_status(report, 0, buf, sizeof buf);
    cr_assert_gt(len, 0, "a hello without cameras does not fit into %zu bytes", sizeof buf);
    cr_assert_eq(vd_json_parse(&doc, buf, (size_t)len, &err), 0, "%s: %s", err.msg, buf);
    cr_assert_eq(vd_json_count(vd_json_get(doc, "metrics")), VD_N_NUMBERS);
    cr_assert_eq(vd_json_count(vd_json_get(doc, "help")), n_help);
    cr_assert_eq(
        vd_json_count(vd_json_get(vd_json_get(doc, "metrics"), "vedette_ingest_lag_seconds")),
        VD_METRIC_BUCKETS + 1);
    cr_assert_eq(vd_report_status(report, 1, buf, sizeof buf), 0, "there is no second piece");
    vd_json_free(&doc);
    vd_report_close(&report);
    vd_spool_close(&spool);
    tmpdir_close(&dir);
}
