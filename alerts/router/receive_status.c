/* What producers say of themselves: how much waits, and how their cameras are. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alerts/router/receive_priv.h"
#include "base/str.h"

enum { CAMERAS_MAX = VD_CONFIG_CAMERAS_MAX };

/* What was last written of a camera; writing it again would change nothing. */
struct camera_hash {
    uint64_t hash;
    char camera[VD_ID_MAX + 1];
};

void receiver_forget_cameras(struct vd_receiver *r)
{
    struct camera_hash *h;
    size_t at = 0;

    while ((h = vd_map_next(&r->camera_hashes, &at)) != NULL)
        free(h);
    vd_map_fini(&r->camera_hashes);
}

static uint64_t hash_text(const char *text)
{
    uint64_t h = UINT64_C(1469598103934665603);

    for (; *text != '\0'; text++)
        h = (h ^ (unsigned char)*text) * UINT64_C(1099511628211);
    return h;
}

static struct camera_hash *hash_of(struct vd_receiver *r, const char *camera)
{
    struct camera_hash *h = vd_map_get(&r->camera_hashes, camera, strlen(camera));

    if (h != NULL || r->camera_hashes.n >= CAMERAS_MAX)
        return h;
    h = calloc(1, sizeof *h);
    if (h == NULL)
        return NULL;
    (void)vd_str_copy(h->camera, sizeof h->camera, camera);
    if (vd_map_put(&r->camera_hashes, h->camera, strlen(h->camera), h) < 0) {
        free(h);
        return NULL;
    }
    return h;
}

struct statuses {
    struct vd_receiver *r;
    const struct vd_source *s;
};

static int64_t time_of(const struct vd_json *o, const char *key, int64_t otherwise)
{
    const char *text = vd_json_get_text(o, key);
    int64_t wall_us;

    return text != NULL && vd_time_parse(text, &wall_us) ? wall_us : otherwise;
}

static const char *keep(struct vd_batch *b, const char *text)
{
    return vd_pile_copy(&b->pile, text != NULL ? text : "", text != NULL ? strlen(text) : 0);
}

static bool add(struct vd_receiver *r, struct vd_batch *b, const struct vd_source *s,
                const char *camera, const struct vd_json *o, const char *detail)
{
    const struct vd_camera_cfg *cfg = vd_config_camera(r->cfg, camera);
    struct vd_pg_camera *c;

    if (b->cameras == NULL)
        b->cameras = vd_pile_take(&b->pile, VD_BATCH_CAMERAS_MAX * sizeof *b->cameras);
    if (b->cameras == NULL || b->n_cameras == VD_BATCH_CAMERAS_MAX)
        return false;
    c = &b->cameras[b->n_cameras];
    *c = (struct vd_pg_camera){.camera = keep(b, camera),
                               .area =
                                   keep(b, cfg != NULL && cfg->area != NULL ? cfg->area : ""),
                               .worker = keep(b, s->worker),
                               .state = keep(b, vd_json_get_text(o, "state")),
                               .since_us = time_of(o, "since", receiver_wall(r)),
                               .reason = keep(b, vd_json_get_text(o, "reason")),
                               .detail = keep(b, detail),
                               .updated_us = receiver_wall(r)};
    if (c->camera == NULL || c->area == NULL || c->worker == NULL || c->state == NULL ||
        c->reason == NULL || c->detail == NULL)
        return false;
    b->n_cameras++;
    return true;
}

static int take_camera(void *arg, const char *camera, const struct vd_json *o)
{
    const struct statuses *st = arg;
    char *detail;
    struct camera_hash *known;
    uint64_t hash;

    if (!vd_id_is_valid(camera) || vd_json_get_text(o, "state") == NULL)
        return 0;
    detail = vd_json_dump(o, NULL);
    known = detail != NULL ? hash_of(st->r, camera) : NULL;
    if (known != NULL) {
        struct vd_batch *b;

        hash = hash_text(detail) ^ hash_text(st->s->worker);
        b = hash != known->hash ? receiver_current(st->r) : NULL;
        if (b != NULL && add(st->r, b, st->s, camera, o, detail))
            known->hash = hash;
    }
    free(detail);
    return 0;
}

/* Over tcp:// nobody speaks for a worker of another node. */
static bool is_own_worker(struct vd_receiver *r, const char *worker)
{
    char source[VD_SOURCE_MAX + 1];

    (void)snprintf(source, sizeof source, "/ingest/%.*s/", VD_ID_MAX + 1, worker);
    return r->opts.events_keys == NULL || vd_wire_owns(r->cfg, vd_sock_user(r->events), source);
}

void receiver_take_status(struct vd_receiver *r, struct vd_source *s, const struct vd_json *doc)
{
    const struct vd_json *spool = vd_json_get(doc, "spool");
    const char *worker = vd_json_get_text(doc, "worker");
    struct statuses st = {r, s};

    if (worker != NULL && !is_own_worker(r, worker)) {
        vd_metric_add(&vd_receiver_metrics[METRIC_NOT_THEIRS], 1);
        return;
    }
    if (worker != NULL) {
        (void)vd_str_copy(s->worker, sizeof s->worker, worker);
        vd_numbers_take(r->opts.numbers, worker, doc, receiver_mono(r));
    }
    if (spool != NULL) {
        s->depth = vd_json_get_int(spool, "depth", 0);
        s->oldest_us = time_of(spool, "oldest", vd_json_get_int(spool, "oldest_us", 0));
    }
    if (r->writer.is_committing)
        (void)vd_json_each(vd_json_get(doc, "cameras"), take_camera, &st);
}
