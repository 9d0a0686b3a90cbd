/* Events a second into PostgreSQL: what the router does with a batch (decode, positions, COPY
 * of event and feed, open happenings, the step of the source, commit) against bare COPY of the
 * same rows into the same partitioned, indexed tables, 10 000 a transaction. Medians of five
 * rounds, taken in turns, on an otherwise idle server of its own. One JSON line a case. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/event.h"
#include "base/json.h"
#include "storage/pg/events.h"
#include "storage/pg/feed.h"
#include "tests/support/pg_tmp.h"

enum { N = 30000, ROUNDS = 5, COPY_BATCH = 10000, BODY_MAX = 1400 };

static struct pg_tmp server;
static struct vd_pg *pg, *owner;
static struct vd_pg_source source;
static char (*bodies)[BODY_MAX];
static int lengths[N];
static struct vd_pg_event rows[N];
static struct vd_event decoded[N];
static char (*topics)[128];

static void die(const char *what, const struct vd_err *err)
{
    fprintf(stderr, "%s: %s\n", what, err->msg);
    exit(1);
}

static int64_t now_us(void)
{
    return vd_clock_system.mono_us(NULL);
}

/* Happenings of start, update, end on 200 cameras, which overlap. */
static void make_bodies(void)
{
    static const enum vd_phase phases[] = {VD_PHASE_START, VD_PHASE_UPDATE, VD_PHASE_END};
    struct vd_uuid happening[200];
    struct vd_err err = {0};

    for (int i = 0; i < N; i++) {
        int camera = i % 200, step = i / 200 % 3;
        struct vd_event ev = {.kind = VD_KIND_MOTION,
                              .phase = phases[step],
                              .rev = (uint32_t)step + 1,
                              .sequence = (uint64_t)i + 1};
        int64_t wall_us = vd_clock_system.wall_us(NULL);

        if (step == 0)
            happening[camera] = vd_uuid_make(wall_us);
        ev.id = vd_uuid_make(wall_us);
        ev.event = happening[camera];
        snprintf(ev.source, sizeof ev.source, "%.120s", source.source);
        snprintf(ev.area, sizeof ev.area, "4403/440305/440305%03d", camera % 20);
        snprintf(ev.camera, sizeof ev.camera, "cam-%d", camera);
        snprintf(ev.zones[0], sizeof ev.zones[0], "drive");
        ev.n_zones = 1;
        ev.time_us = ev.recorded_us = wall_us;
        ev.start_us = wall_us - 500000;
        ev.end_us = step == 2 ? wall_us : 0;
        ev.end_reason = step == 2 ? VD_END_QUIET : VD_END_NONE;
        ev.score = ev.peak = 0.37f;
        ev.boxes[0] = (struct vd_box){0.41f, 0.22f, 0.1f, 0.18f};
        ev.n_boxes = 1;
        snprintf(ev.why.analysis, sizeof ev.why.analysis, "320x180@5");
        snprintf(ev.why.m_of_n, sizeof ev.why.m_of_n, "3/5");
        ev.why.threshold = 0.012f;
        ev.quality.fps = 4.9f;
        snprintf(ev.snapshot, sizeof ev.snapshot, "%s.0198d1e2-7b3c-7000-8000-00000000002a",
                 ev.camera);
        lengths[i] = vd_event_encode(&ev, bodies[i], BODY_MAX, &err);
        if (lengths[i] < 0)
            die("encode", &err);
    }
}

/* One row of what a decoded event is. */
static void make_row(int i, int64_t position, int64_t received_us)
{
    const struct vd_event *ev = &decoded[i];

    snprintf(topics[i], sizeof topics[i], "event/%s/-/%s/%s/%s/", ev->area, ev->camera,
             vd_kind_name(ev->kind), vd_phase_name(ev->phase));
    rows[i] = (struct vd_pg_event){.received_us = received_us,
                                   .position = position,
                                   .source = source.id,
                                   .sequence = (int64_t)ev->sequence,
                                   .id = ev->id.bytes,
                                   .event = ev->event.bytes,
                                   .rev = (int)ev->rev,
                                   .phase = vd_phase_name(ev->phase),
                                   .kind = vd_kind_name(ev->kind),
                                   .camera = ev->camera,
                                   .area = ev->area,
                                   .time_us = ev->time_us,
                                   .start_us = ev->start_us,
                                   .end_us = ev->end_us,
                                   .score = ev->score,
                                   .topic = topics[i],
                                   .body = bodies[i],
                                   .body_len = (size_t)lengths[i]};
}

static void reset(void)
{
    struct vd_err err = {0};

    if (vd_pg_script(owner,
                     "TRUNCATE event, feed, open_event; UPDATE source SET last_sequence = 0;"
                     "UPDATE feed_counter SET position = 0, floor = 1",
                     &err) < 0 ||
        vd_pg_exec(owner, "VACUUM feed_counter, source", NULL, NULL, &err) < 0)
        die("reset", &err);
}

static int one_batch(int from, int n, bool decodes, struct vd_err *err)
{
    struct vd_pg_advance move = {source.id, from, from + n};
    int64_t received_us = vd_clock_system.wall_us(NULL), position;
    int rc;

    for (int i = from; decodes && i < from + n; i++)
        if ((rc = vd_event_decode(bodies[i], (size_t)lengths[i], &decoded[i], err)) < 0)
            return rc;
    if ((rc = vd_pg_begin(pg, err)) < 0 || (rc = vd_pg_feed_take(pg, n, &position, err)) < 0)
        return rc;
    for (int i = from; i < from + n; i++)
        make_row(i, position + i - from, received_us);
    if ((rc = vd_pg_events_store(pg, rows + from, n, err)) < 0 ||
        (rc = vd_pg_source_advance(pg, &move, 1, received_us, err)) < 0)
        return rc;
    return vd_pg_commit(pg, err);
}

static double path_rate(int batch, bool decodes)
{
    struct vd_err err = {0};
    int64_t begun_us = now_us();

    for (int from = 0; from < N; from += batch)
        if (one_batch(from, N - from < batch ? N - from : batch, decodes, &err) < 0)
            die("path", &err);
    return N * 1e6 / (double)(now_us() - begun_us);
}

static void copy_event_rows(int from, int n, struct vd_err *err)
{
    vd_pg_copy_begin(pg);
    for (int i = from; i < from + n; i++) {
        const struct vd_pg_event *e = &rows[i];

        vd_pg_copy_row(pg, 16);
        vd_pg_copy_time(pg, e->received_us);
        vd_pg_copy_int8(pg, e->position);
        vd_pg_copy_int4(pg, e->source);
        vd_pg_copy_int8(pg, e->sequence);
        vd_pg_copy_uuid(pg, e->id);
        vd_pg_copy_uuid(pg, e->event);
        vd_pg_copy_int4(pg, e->rev);
        vd_pg_copy_text_field(pg, e->phase, strlen(e->phase));
        vd_pg_copy_text_field(pg, e->kind, strlen(e->kind));
        vd_pg_copy_text_field(pg, e->camera, strlen(e->camera));
        vd_pg_copy_text_field(pg, e->area, strlen(e->area));
        vd_pg_copy_time(pg, e->time_us);
        vd_pg_copy_time(pg, e->start_us);
        vd_pg_copy_time(pg, e->end_us);
        vd_pg_copy_real(pg, e->score);
        vd_pg_copy_bool(pg, e->time_suspect);
    }
    if (vd_pg_copy_end(pg,
                       "COPY event (received, position, source, sequence, id, event, rev,"
                       " phase, kind, camera, area, time, start, \"end\", score,"
                       " time_suspect) FROM STDIN (FORMAT binary)",
                       err) != n)
        die("copy event", err);
}

static double copy_rate(void)
{
    struct vd_err err = {0};
    int64_t begun_us = now_us();

    for (int from = 0; from < N; from += COPY_BATCH) {
        if (vd_pg_begin(pg, &err) < 0)
            die("begin", &err);
        copy_event_rows(from, COPY_BATCH, &err);
        vd_pg_copy_begin(pg);
        for (int i = from; i < from + COPY_BATCH; i++) {
            vd_pg_copy_row(pg, 4);
            vd_pg_copy_time(pg, rows[i].received_us);
            vd_pg_copy_int8(pg, rows[i].position);
            vd_pg_copy_text_field(pg, rows[i].topic, strlen(rows[i].topic));
            vd_pg_copy_text_field(pg, rows[i].body, rows[i].body_len);
        }
        if (vd_pg_copy_end(pg,
                           "COPY feed (received, position, topic, body) FROM STDIN"
                           " (FORMAT binary)",
                           &err) != COPY_BATCH ||
            vd_pg_commit(pg, &err) < 0)
            die("copy feed", &err);
    }
    return N * 1e6 / (double)(now_us() - begun_us);
}

static double median(double *values)
{
    for (int i = 1; i < ROUNDS; i++)
        for (int j = i; j > 0 && values[j] < values[j - 1]; j--) {
            double swap = values[j];

            values[j] = values[j - 1];
            values[j - 1] = swap;
        }
    return values[ROUNDS / 2];
}

int main(void)
{
    static const int batches[] = {50, 200, 1000};
    double copy[ROUNDS], path[3][ROUNDS], stored[3][ROUNDS];
    struct vd_err err = {0};
    double base;

    bodies = calloc(N, sizeof *bodies);
    topics = calloc(N, sizeof *topics);
    if (bodies == NULL || topics == NULL)
        return 1;
    pg_tmp_open(&server);
    pg = pg_tmp_connect(&server, "vedette_router", NULL);
    owner = pg_tmp_connect(&server, "vedette_owner", NULL);
    if (vd_pg_source_get(pg, "/ingest/w1/0198d1e2-7b3c-7000-8000-00000000002a", &source, &err) <
        0)
        die("source", &err);
    make_bodies();
    (void)path_rate(1000, true); /* fills the rows, warms caches */
    for (int round = 0; round < ROUNDS; round++) {
        reset();
        copy[round] = copy_rate();
        for (int b = 0; b < 3; b++) {
            reset();
            path[b][round] = path_rate(batches[b], true);
            reset();
            stored[b][round] = path_rate(batches[b], false);
        }
    }
    base = median(copy);
    printf("{\"bench\":\"pg\",\"case\":\"copy\",\"rows\":%d,\"body_bytes\":%d,\"events_s\":%."
           "0f}\n",
           N, lengths[0], base);
    for (int b = 0; b < 3; b++) {
        double all = median(path[b]), only = median(stored[b]);

        printf("{\"bench\":\"pg\",\"case\":\"decode and store\",\"batch\":%d,\"events_s\":%.0f,"
               "\"of_copy\":%.2f}\n",
               batches[b], all, all / base);
        printf("{\"bench\":\"pg\",\"case\":\"store\",\"batch\":%d,\"events_s\":%.0f,"
               "\"of_copy\":%.2f}\n",
               batches[b], only, only / base);
    }
    vd_pg_close(&pg);
    vd_pg_close(&owner);
    pg_tmp_close(&server);
    free(bodies);
    free(topics);
    return 0;
}
