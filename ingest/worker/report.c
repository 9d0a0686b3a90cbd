#include "ingest/worker/report.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/str.h"
#include "ingest/worker/numbers.h"

enum { PIECE_MAX = 24 * 1024, LATE_US = 1000 * 1000 /* is told */ };

/* "id":{…} of every camera, one after the other, each with its length before it. */
struct text {
    char *bytes;
    size_t len, room;
};

struct vd_report {
    const char *worker;
    struct vd_spool *spool;
    pthread_mutex_t lock; /* guards shown */
    struct text shown;
    struct text draft; /* the main thread's */
};

int vd_report_open(struct vd_report **ret_report, const char *worker, struct vd_spool *spool,
                   struct vd_err *err)
{
    struct vd_report *r = calloc(1, sizeof *r);

    if (r == NULL)
        return vd_err_set(err, VD_ENOMEM, "report: out of memory");
    r->worker = worker;
    r->spool = spool;
    (void)pthread_mutex_init(&r->lock, NULL);
    *ret_report = r;
    return 0;
}

void vd_report_close(struct vd_report **report)
{
    struct vd_report *r = *report;

    *report = NULL;
    if (r == NULL)
        return;
    (void)pthread_mutex_destroy(&r->lock);
    free(r->shown.bytes);
    free(r->draft.bytes);
    free(r);
}

void vd_report_begin(struct vd_report *r)
{
    r->draft.len = 0;
}

static bool set(struct vd_json *o, const char *key, struct vd_json *value)
{
    return vd_json_set(o, key, value) == 0;
}

static struct vd_json *ailments_json(uint32_t ailments)
{
    struct vd_json *list = vd_json_array();

    for (int kind = 0; kind < VD_N_KINDS && list != NULL; kind++)
        if ((ailments >> kind & 1) != 0 &&
            vd_json_append(list, vd_json_text(vd_kind_name((enum vd_kind)kind))) < 0)
            vd_json_free(&list);
    return list;
}

/* Nothing in it changes from second to second while the camera is well: what is stored is
 * written anew at each change. */
static struct vd_json *camera_json(const struct vd_camera_facts *f,
                                   const struct vd_watchdog *dog)
{
    enum vd_fault fault = dog->health.state == VD_CAMERA_ONLINE ? VD_FAULT_NONE : f->fault;
    struct vd_json *o = vd_json_object();
    bool ok = o != NULL;

    ok = ok && set(o, "state", vd_json_text(vd_camera_state_name(dog->health.state)));
    ok = ok && set(o, "since", vd_json_time(dog->since_wall_us));
    if (fault != VD_FAULT_NONE) {
        ok = ok && set(o, "reason", vd_json_text(vd_fault_name(fault)));
        ok = ok && set(o, "message", vd_json_text(f->message));
        ok = ok && set(o, "advice", vd_json_text(vd_fault_advice(fault)));
    }
    if (f->level != VD_LEVEL_FULL)
        ok = ok && set(o, "level", vd_json_text(vd_level_name(f->level)));
    if (f->is_connected && f->info.behind_us >= LATE_US)
        ok = ok && set(o, "lag_s", vd_json_int(f->info.behind_us / 1000000));
    if (f->ailments != 0)
        ok = ok && set(o, "conditions", ailments_json(f->ailments));
    if (f->info.w > 0) {
        ok = ok && set(o, "codec", vd_json_text(f->info.codec));
        ok = ok && set(o, "width", vd_json_int(f->info.w));
        ok = ok && set(o, "height", vd_json_int(f->info.h));
        ok = ok && set(o, "fps", vd_json_real((double)dog->fps));
        ok = ok && set(o, "key_ms", vd_json_int(dog->key_us / 1000));
        ok = ok && set(o, "audio_discarded", vd_json_bool(f->info.has_audio));
    }
    if (!ok)
        vd_json_free(&o);
    return o;
}

static bool reserve(struct text *t, size_t more)
{
    size_t room = t->room;
    char *fresh;

    while (room < t->len + more)
        room = room > 0 ? room * 2 : 4096;
    if (room == t->room)
        return true;
    fresh = realloc(t->bytes, room);
    if (fresh == NULL)
        return false;
    t->bytes = fresh;
    t->room = room;
    return true;
}

int vd_report_camera(struct vd_report *r, struct vd_camera *camera,
                     const struct vd_camera_facts *facts, const struct vd_watchdog *dog)
{
    struct vd_json *o = camera_json(facts, dog);
    char *json = o != NULL ? vd_json_dump(o, NULL) : NULL;
    const char *id = vd_camera_settings(camera)->id;
    int rc = VD_ENOMEM;

    if (json != NULL && reserve(&r->draft, strlen(json) + strlen(id) + 8)) {
        size_t begin = r->draft.len + sizeof(uint32_t), len = begin;
        uint32_t n;

        (void)vd_str_add(r->draft.bytes, r->draft.room, &len, "\"%s\":%s", id, json);
        n = (uint32_t)(len - begin);
        memcpy(r->draft.bytes + r->draft.len, &n, sizeof n);
        r->draft.len = len;
        rc = 0;
    }
    free(json);
    vd_json_free(&o);
    return rc;
}

void vd_report_end(struct vd_report *r)
{
    struct text old;

    pthread_mutex_lock(&r->lock);
    old = r->shown;
    r->shown = r->draft;
    pthread_mutex_unlock(&r->lock);
    r->draft = old;
}

static void add_head(const struct vd_report *r, char *buf, size_t size, size_t *len)
{
    struct vd_spool_stats s;

    vd_spool_stats(r->spool, &s);
    vd_metric_set(&vd_numbers[VD_NUMBER_SPOOL_DEPTH], s.depth);
    vd_metric_set(&vd_numbers[VD_NUMBER_SPOOL_BYTES], s.bytes);
    (void)vd_str_add(
        buf, size, len,
        "{\"hello\":1,\"worker\":\"%s\",\"spool\":{\"depth\":%" PRId64 ",\"bytes\":%" PRId64
        ",\"last\":%" PRId64 ",\"oldest_us\":%" PRId64 ",\"refused\":%" PRId64 ",\"full\":%s}",
        r->worker, s.depth, s.bytes, s.last, s.oldest_us, s.refused, s.full ? "true" : "false");
}

/* As a key: name, or name{label=\"…\"}. */
static void add_metric_name(const struct vd_metric *m, char *buf, size_t size, size_t *len)
{
    (void)vd_str_add(buf, size, len, "\"%s%s", m->name, m->labels != NULL ? "{" : "");
    for (const char *c = m->labels; c != NULL && *c != '\0'; c++)
        (void)vd_str_add(buf, size, len, *c == '"' ? "\\%c" : "%c", *c);
    (void)vd_str_add(buf, size, len, "%s\":", m->labels != NULL ? "}" : "");
}

/* A number, or of a histogram its buckets and at the end the sum in microseconds. */
static void add_metric_value(const struct vd_metric *m, char *buf, size_t size, size_t *len)
{
    for (int i = 0; m->type == VD_METRIC_HISTOGRAM && i < VD_METRIC_BUCKETS; i++)
        (void)vd_str_add(buf, size, len, "%s%" PRIu64, i == 0 ? "[" : ",",
                         (uint64_t)atomic_load(&m->buckets[i]));
    (void)vd_str_add(buf, size, len,
                     m->type == VD_METRIC_HISTOGRAM ? ",%" PRId64 "]" : "%" PRId64,
                     (int64_t)atomic_load(&m->value));
}

static void add_metrics(char *buf, size_t size, size_t *len)
{
    (void)vd_str_add(buf, size, len, ",\"metrics\":");
    for (int i = 0; i < VD_N_NUMBERS; i++) {
        (void)vd_str_add(buf, size, len, "%s", i == 0 ? "{" : ",");
        add_metric_name(&vd_numbers[i], buf, size, len);
        add_metric_value(&vd_numbers[i], buf, size, len);
    }
    (void)vd_str_add(buf, size, len, "},\"help\":");
    for (int i = 0; i < VD_N_NUMBERS; i++)
        if (i == 0 || strcmp(vd_numbers[i].name, vd_numbers[i - 1].name) != 0)
            (void)vd_str_add(buf, size, len, "%s\"%s\":\"%s\"", i == 0 ? "{" : ",",
                             vd_numbers[i].name, vd_numbers[i].help);
    (void)vd_str_add(buf, size, len, "}");
}

/* Writes the part-th run of whole cameras that fits; returns how many there were. */
static int add_cameras(struct vd_report *r, int part, char *buf, size_t size, size_t *len)
{
    size_t at = 0, used = 0;
    int here = 0, n = 0;

    pthread_mutex_lock(&r->lock);
    while (at < r->shown.len && here <= part) {
        uint32_t one;

        memcpy(&one, r->shown.bytes + at, sizeof one);
        if (used + one > PIECE_MAX && used > 0) {
            used = 0;
            here++;
            continue;
        }
        if (here == part)
            (void)vd_str_add(buf, size, len, "%s%.*s", n++ == 0 ? "" : ",", (int)one,
                             r->shown.bytes + at + sizeof one);
        used += one;
        at += sizeof one + one;
    }
    pthread_mutex_unlock(&r->lock);
    return n;
}

int vd_report_status(void *arg, int part, char *buf, size_t size)
{
    struct vd_report *r = arg;
    size_t len = 0;
    int n;

    add_head(r, buf, size, &len);
    if (part == 0)
        add_metrics(buf, size, &len);
    (void)vd_str_add(buf, size, &len, ",\"cameras\":{");
    n = add_cameras(r, part, buf, size, &len);
    if (n == 0 && part > 0)
        return 0;
    return vd_str_add(buf, size, &len, "}}") ? (int)len : 0;
}
