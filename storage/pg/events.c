/* storage/pg/events.c: a batch of events by COPY, and the list of happenings that are open. */
#include "storage/pg/events.h"

#include <stdlib.h>
#include <string.h>

#include "storage/pg/array.h"
#include "storage/pg/feed.h"

enum { EVENTS_MAX = 100000 };

static int copy_events(struct vd_pg *pg, const struct vd_pg_event *events, int n,
                       struct vd_err *err)
{
    vd_pg_copy_begin(pg);
    for (int i = 0; i < n; i++) {
        const struct vd_pg_event *e = &events[i];

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
    return vd_pg_copy_end(
        pg,
        "COPY event (received, position, source, sequence, id, event, rev, phase, kind,"
        " camera, area, time, start, \"end\", score, time_suspect)"
        " FROM STDIN (FORMAT binary)",
        err);
}

static int copy_feed(struct vd_pg *pg, const struct vd_pg_event *events, int n,
                     struct vd_err *err)
{
    vd_pg_copy_begin(pg);
    for (int i = 0; i < n; i++) {
        vd_pg_copy_row(pg, 4);
        vd_pg_copy_time(pg, events[i].received_us);
        vd_pg_copy_int8(pg, events[i].position);
        vd_pg_copy_text_field(pg, events[i].topic, strlen(events[i].topic));
        vd_pg_copy_text_field(pg, events[i].body, events[i].body_len);
    }
    return vd_pg_copy_end(
        pg, "COPY feed (received, position, topic, body) FROM STDIN (FORMAT binary)", err);
}

/* ---- what a batch does to the happenings that are open ---- */

/* One happening as this batch leaves it: most begin and end within one, and touch no row. */
struct outcome {
    int last; /* index of its newest message + 1; 0: empty slot */
    bool has_start, has_end;
};

static uint32_t hash_of(const uint8_t id[16])
{
    uint32_t random; /* the last bytes of a UUID version 7 */

    memcpy(&random, id + 12, sizeof random);
    return random * UINT32_C(2654435761);
}

static void sum_up(const struct vd_pg_event *events, int n, struct outcome *slots,
                   uint32_t mask)
{
    for (int i = 0; i < n; i++) {
        const struct vd_pg_event *e = &events[i];
        uint32_t at = hash_of(e->event) & mask;

        while (slots[at].last != 0 &&
               memcmp(events[slots[at].last - 1].event, e->event, 16) != 0)
            at = (at + 1) & mask;
        if (slots[at].last == 0 || events[slots[at].last - 1].rev <= e->rev)
            slots[at].last = i + 1;
        slots[at].has_start = slots[at].has_start || strcmp(e->phase, "start") == 0;
        slots[at].has_end = slots[at].has_end || strcmp(e->phase, "end") == 0 || e->end_us != 0;
    }
}

struct columns {
    struct pg_array event, rev, position, received, kind, camera, area;
};

static void columns_init(struct columns *c)
{
    pg_array_init(&c->event, PG_ARRAY_UUID);
    pg_array_init(&c->rev, PG_ARRAY_INT);
    pg_array_init(&c->position, PG_ARRAY_INT);
    pg_array_init(&c->received, PG_ARRAY_TIME);
    pg_array_init(&c->kind, PG_ARRAY_TEXT);
    pg_array_init(&c->camera, PG_ARRAY_TEXT);
    pg_array_init(&c->area, PG_ARRAY_TEXT);
}

static struct pg_array *column(struct columns *c, int i)
{
    struct pg_array *const all[] = {&c->event, &c->rev,    &c->position, &c->received,
                                    &c->kind,  &c->camera, &c->area};

    return i < 7 ? all[i] : NULL;
}

static void columns_fini(struct columns *c)
{
    for (int i = 0; column(c, i) != NULL; i++)
        pg_array_fini(column(c, i));
}

static void columns_add(struct columns *c, const struct vd_pg_event *e)
{
    pg_array_uuid(&c->event, e->event);
    pg_array_int(&c->rev, e->rev);
    pg_array_int(&c->position, e->position);
    pg_array_time(&c->received, e->received_us);
    pg_array_text(&c->kind, e->kind);
    pg_array_text(&c->camera, e->camera);
    pg_array_text(&c->area, e->area);
}

static int run_columns(struct vd_pg *pg, const char *sql, struct columns *c, struct vd_err *err)
{
    struct vd_pg_args args = {0};
    int rc = 0;

    if (c->event.n == 0)
        return 0;
    for (int i = 0; rc == 0 && column(c, i) != NULL; i++)
        rc = pg_array_arg(column(c, i), &args, err);
    return rc < 0 ? rc : vd_pg_exec_prepared(pg, sql, &args, NULL, err);
}

static int apply(struct vd_pg *pg, struct columns *begun, struct columns *changed,
                 struct pg_array *ended, struct vd_err *err)
{
    struct vd_pg_args args = {0};
    int rc = run_columns(
        pg,
        "INSERT INTO open_event (event, rev, position, received, kind, camera, area)"
        " SELECT * FROM unnest($1, $2, $3, $4, $5, $6, $7)"
        " ON CONFLICT (event) DO UPDATE SET rev = excluded.rev, position = excluded.position,"
        " received = excluded.received WHERE open_event.rev < excluded.rev",
        begun, err);

    if (rc >= 0)
        rc = run_columns(
            pg,
            "UPDATE open_event o SET rev = n.rev, position = n.position, received = n.received"
            " FROM unnest($1, $2, $3, $4, $5, $6, $7) AS n (event, rev, position, received,"
            " kind, camera, area) WHERE o.event = n.event AND o.rev < n.rev",
            changed, err);
    if (rc < 0 || ended->n == 0)
        return rc;
    if ((rc = pg_array_arg(ended, &args, err)) == 0)
        rc = vd_pg_exec_prepared(pg, "DELETE FROM open_event WHERE event = ANY ($1)", &args,
                                 NULL, err);
    return rc;
}

static int keep_open(struct vd_pg *pg, const struct vd_pg_event *events, int n,
                     struct vd_err *err)
{
    struct columns begun, changed;
    struct pg_array ended;
    struct outcome *slots;
    uint32_t size = 16;
    int rc;

    while (size < 2 * (uint32_t)n)
        size *= 2;
    slots = calloc(size, sizeof *slots);
    if (slots == NULL)
        return vd_err_set(err, VD_ENOMEM, "database: events: out of memory");
    sum_up(events, n, slots, size - 1);
    columns_init(&begun);
    columns_init(&changed);
    pg_array_init(&ended, PG_ARRAY_UUID);
    for (uint32_t i = 0; i < size; i++) {
        const struct vd_pg_event *e = slots[i].last > 0 ? &events[slots[i].last - 1] : NULL;

        if (e == NULL || (slots[i].has_start && slots[i].has_end))
            continue;
        if (slots[i].has_end)
            pg_array_uuid(&ended, e->event);
        else
            columns_add(slots[i].has_start ? &begun : &changed, e);
    }
    rc = apply(pg, &begun, &changed, &ended, err);
    columns_fini(&begun);
    columns_fini(&changed);
    pg_array_fini(&ended);
    free(slots);
    return rc;
}

int vd_pg_events_store(struct vd_pg *pg, const struct vd_pg_event *events, int n,
                       struct vd_err *err)
{
    int rc;

    if (n < 0 || n > EVENTS_MAX)
        return vd_err_set(err, VD_EINVAL, "database: %d events in a batch", n);
    if (n == 0)
        return 0;
    if ((rc = copy_events(pg, events, n, err)) < 0 ||
        (rc = copy_feed(pg, events, n, err)) < 0 || (rc = keep_open(pg, events, n, err)) < 0)
        return rc;
    return 0;
}

int vd_pg_events_open(struct vd_pg *pg, vd_pg_open_event_fn *each, void *arg,
                      struct vd_err *err)
{
    struct vd_pg_rows *rows = NULL;
    int n = vd_pg_exec(pg,
                       "SELECT o.event, o.rev, o.position, o.kind, o.camera, o.area, f.topic,"
                       " f.body FROM open_event o JOIN feed f"
                       " ON f.position = o.position AND f.received = o.received"
                       " ORDER BY o.position",
                       NULL, &rows, err);

    for (int i = 0; i < n; i++) {
        struct vd_pg_open_event event = {.rev = (int)vd_pg_int(rows, i, 1),
                                         .position = vd_pg_int(rows, i, 2),
                                         .kind = vd_pg_text(rows, i, 3),
                                         .camera = vd_pg_text(rows, i, 4),
                                         .area = vd_pg_text(rows, i, 5),
                                         .topic = vd_pg_text(rows, i, 6),
                                         .body = vd_pg_text(rows, i, 7),
                                         .body_len = vd_pg_length(rows, i, 7)};

        vd_pg_uuid(rows, i, 0, event.event);
        each(arg, &event);
    }
    vd_pg_rows_free(&rows);
    return n;
}
