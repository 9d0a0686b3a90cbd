#include <criterion/criterion.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "base/json.h"
#include "ingest/worker/numbers.h"
#include "ingest/worker/outbox.h"
#include "storage/media/media.h"
#include "tests/support/tmpdir.h"

enum { W = 64, H = 48 };

static struct tmpdir dir;
static struct vd_spool *spool;
static struct vd_outbox *outbox;
static struct vd_spool_batch *batch;
static struct vd_err err;
static char media[128];
static int released;

static void set_up(void)
{
    struct vd_outbox_opts opts = {.media_root = media, .clock = &vd_clock_system};
    struct vd_spool_opts sp = {.producer = "/ingest/w1"};

    vd_json_init();
    tmpdir_open(&dir);
    sp.path = tmpdir_file(&dir, "w1.db");
    (void)snprintf(media, sizeof media, "%s/media", dir.path);
    (void)vd_spool_open(&spool, &sp, &err);
    (void)vd_spool_batch_new(&batch, &err);
    opts.spool = spool;
    (void)vd_outbox_open(&outbox, &opts, &err);
}

static void tear_down(void)
{
    vd_outbox_close(&outbox);
    vd_spool_batch_free(&batch);
    vd_spool_close(&spool);
    tmpdir_close(&dir);
}

TestSuite(outbox, .init = set_up, .fini = tear_down);

static void release(struct vd_picture *picture)
{
    released++;
    free(picture->owner);
    free(picture);
}

static struct vd_picture *grey(size_t bytes)
{
    struct vd_picture *p = calloc(1, sizeof *p);

    p->owner = calloc(1, W * H);
    p->plane[0] = p->owner;
    p->stride[0] = W;
    p->w = W;
    p->h = H;
    p->bytes = bytes;
    p->release = release;
    atomic_init(&p->refs, 1);
    return p;
}

static struct vd_event event(enum vd_phase phase, uint32_t rev)
{
    struct vd_event ev = {.kind = VD_KIND_MOTION,
                          .phase = phase,
                          .rev = rev,
                          .time_us = 5000000,
                          .start_us = 5000000};

    ev.event = vd_uuid_make(1000000);
    strcpy(ev.camera, "gate");
    strcpy(ev.area, "a");
    if (phase == VD_PHASE_END) {
        ev.end_us = 6000000;
        ev.end_reason = VD_END_QUIET;
    }
    return ev;
}

static int read_all(const struct vd_spool_row **ret_rows)
{
    struct vd_spool_head head;

    cr_assert_eq(vd_spool_head(spool, &head, &err), 0);
    return vd_spool_read(spool, head.source, 1, VD_SPOOL_READ_MAX, batch, ret_rows, &err);
}

Test(outbox, writes_the_picture_before_the_event_that_names_it)
{
    struct vd_event ev = event(VD_PHASE_START, 1), stored;
    const struct vd_spool_row *rows;
    struct vd_uuid uuid = vd_uuid_make(1700000000000000);
    struct vd_lane *lane = NULL;
    struct vd_media_place place = {.kind = VD_MEDIA_SNAPSHOT};
    char path[256];
    struct stat st;

    vd_media_id("gate", &uuid, ev.snapshot);
    cr_assert_eq(vd_lane_open(&lane, NULL, NULL, 0, &err), 0);
    cr_assert_eq(vd_outbox_post(outbox, lane, &ev, grey(100)), 0);
    vd_lane_close(outbox, &lane);
    vd_outbox_close(&outbox);
    cr_assert_eq(released, 1);
    cr_assert_eq(read_all(&rows), 1);
    cr_assert_eq(vd_event_decode(rows[0].body, rows[0].len, &stored, &err), 0, "%s", err.msg);
    cr_assert_str_eq(stored.snapshot, ev.snapshot);
    cr_assert_eq(stored.sequence, 1);
    cr_assert(strncmp(stored.source, "/ingest/w1/", 11) == 0);
    cr_assert_not(vd_uuid_is_nil(&stored.id));
    place.root = media;
    place.area = stored.area;
    cr_assert_eq(vd_media_path(&place, stored.snapshot, path, NULL, sizeof path, &err), 0);
    cr_assert_eq(stat(path, &st), 0, "%s", path);
    cr_assert_gt(st.st_size, 100);
}

Test(outbox, names_no_picture_that_could_not_be_kept)
{
    struct vd_event ev = event(VD_PHASE_START, 1), stored;
    const struct vd_spool_row *rows;
    struct vd_uuid uuid = vd_uuid_make(1);
    struct vd_lane *lane = NULL;

    vd_media_id("gate", &uuid, ev.snapshot);
    cr_assert_eq(vd_lane_open(&lane, NULL, NULL, 1, &err), 0);
    cr_assert_eq(vd_outbox_post(outbox, lane, &ev, grey((size_t)1 << 30)), 0);
    ev.phase = VD_PHASE_UPDATE;
    ev.rev = 2;
    cr_assert_eq(vd_outbox_post(outbox, lane, &ev, NULL), 0);
    vd_lane_close(outbox, &lane);
    vd_outbox_close(&outbox);
    cr_assert_eq(read_all(&rows), 2);
    for (int i = 0; i < 2; i++) {
        cr_assert_eq(vd_event_decode(rows[i].body, rows[i].len, &stored, &err), 0);
        cr_assert_str_eq(stored.snapshot, "");
    }
    cr_assert_eq(atomic_load(&vd_numbers[VD_NUMBER_SNAPSHOTS_LOST].value), 1);
}

Test(outbox, keeps_the_order_of_a_lane)
{
    const struct vd_spool_row *rows;
    struct vd_lane *lanes[2] = {NULL, NULL};
    int n, last[2] = {0, 0};

    for (unsigned i = 0; i < 2; i++)
        cr_assert_eq(vd_lane_open(&lanes[i], NULL, NULL, i, &err), 0);
    for (uint32_t rev = 1; rev <= 60; rev++)
        for (int i = 0; i < 2; i++) {
            struct vd_event ev = event(rev == 1 ? VD_PHASE_START : VD_PHASE_UPDATE, rev);

            ev.camera[0] = (char)('0' + i);
            cr_assert_eq(vd_outbox_post(outbox, lanes[i], &ev, NULL), 0);
        }
    for (int i = 0; i < 2; i++)
        vd_lane_close(outbox, &lanes[i]);
    vd_outbox_close(&outbox);
    n = read_all(&rows);
    cr_assert_eq(n, 120);
    for (int k = 0; k < n; k++) {
        struct vd_event ev;

        cr_assert_eq(vd_event_decode(rows[k].body, rows[k].len, &ev, &err), 0);
        cr_assert_eq((int)ev.rev, ++last[ev.camera[0] - '0']);
        cr_assert_eq((int64_t)ev.sequence, k + 1);
    }
}

Test(outbox, refuses_a_flood_of_starts_and_keeps_room_for_ends)
{
    struct vd_lane *lane = NULL;
    int taken = 0, refused = 0;

    cr_assert_eq(vd_lane_open(&lane, NULL, NULL, 0, &err), 0);
    for (int i = 0; i < 4 * VD_OUTBOX_ROOM; i++) {
        struct vd_event ev = event(VD_PHASE_START, 1);

        if (vd_outbox_post(outbox, lane, &ev, NULL) == 0)
            taken++;
        else
            refused++;
        if (i % 8 == 0) {
            ev = event(VD_PHASE_END, 2);
            cr_assert_eq(vd_outbox_post(outbox, lane, &ev, NULL), 0, "an end was refused");
        }
    }
    cr_assert_geq(taken, VD_OUTBOX_ROOM / 2 - VD_OUTBOX_ROOM / 8);
    cr_assert_eq(taken + refused, 4 * VD_OUTBOX_ROOM);
    vd_lane_close(outbox, &lane);
}

static void ignore_news(void *arg, const struct vd_event *last, const char *clip,
                        const char *detail)
{
    (void)arg, (void)last, (void)clip, (void)detail;
}

/* A reel is closed when all that was posted to its lane is done: a stop must not wait for a
 * disk that takes nothing. */
Test(outbox, in_a_hurry_holds_up_no_reel_while_the_disk_takes_nothing, .timeout = 60)
{
    struct vd_recorder_opts recorder_opts = {
        .root = media, .journal = tmpdir_file(&dir, "clips"), .clock = &vd_clock_system};
    struct vd_reel_opts reel_opts = {.camera = "gate",
                                     .area = "a",
                                     .take = {.ring_bytes = 1 << 20},
                                     .file_us = 1,
                                     .tell = ignore_news};
    struct vd_event ev = event(VD_PHASE_END, 2);
    struct rlimit none = {0};
    struct vd_recorder *recorder = NULL;
    struct vd_lane *lane = NULL;
    struct vd_reel *reel = NULL;

    cr_assert_eq(vd_recorder_open(&recorder, &recorder_opts, &err), 0);
    cr_assert_eq(vd_lane_open(&lane, NULL, NULL, 0, &err), 0);
    cr_assert_eq(vd_reel_open(&reel, recorder, &reel_opts, 0, &err), 0);
    vd_lane_record(lane, reel);
    cr_assert_neq(signal(SIGXFSZ, SIG_IGN), SIG_ERR);
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &none), 0);
    cr_assert_eq(vd_outbox_post(outbox, lane, &ev, NULL), 0);
    vd_lane_close(outbox, &lane);
    vd_outbox_hurry(outbox);
    vd_recorder_close(&recorder);
}
