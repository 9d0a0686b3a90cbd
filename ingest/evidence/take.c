#include "ingest/evidence/take.h"

#include <stdlib.h>
#include <string.h>

enum { SILENCE_US = 2 * 1000 * 1000 /* beyond its end: no packet will come to tell it */ };

int vd_take_init(struct vd_take *t, const struct vd_take_settings *settings, struct vd_err *err)
{
    *t = (struct vd_take){.settings = *settings};
    return vd_ring_open(&t->ring, settings->ring_bytes, settings->pre_us + VD_TAKE_BACKDATED_US,
                        err);
}

void vd_take_fini(struct vd_take *t)
{
    vd_ring_close(&t->ring);
    free(t->events);
    t->events = NULL;
    t->n_events = t->events_room = 0;
}

int vd_take_put(struct vd_take *t, const struct vd_packet *packet)
{
    t->is_broken = false;
    return vd_ring_put(t->ring, packet);
}

static uint64_t next_number(const struct vd_take *t)
{
    struct vd_ring_facts facts;

    vd_ring_facts(t->ring, &facts);
    return facts.next;
}

void vd_take_break(struct vd_take *t)
{
    if (t->is_broken)
        return;
    t->is_broken = true;
    vd_ring_break(t->ring);
    if (t->is_on && t->end == 0)
        t->end = next_number(t);
}

static struct vd_take_event *find(struct vd_take *t, const struct vd_uuid *event)
{
    for (int i = 0; i < t->n_events; i++)
        if (vd_uuid_equal(&t->events[i].last.event, event))
            return &t->events[i];
    return NULL;
}

/* The one that is over for longest and has its clip: of what comes of later files nothing needs
 * to be said to it. */
static void drop_told(struct vd_take *t)
{
    for (int i = 0; i < t->n_events; i++) {
        const struct vd_take_event *e = &t->events[i];

        if (e->files == 0 || e->until_us == INT64_MAX)
            continue;
        t->n_events--;
        memmove(&t->events[i], &t->events[i + 1], (size_t)(t->n_events - i) * sizeof *e);
        return;
    }
}

static int make_room(struct vd_take *t, struct vd_err *err)
{
    int room = t->events_room > 0 ? t->events_room * 2 : 2;
    struct vd_take_event *more;

    if (t->n_events == VD_TAKE_EVENTS_MAX)
        drop_told(t);
    if (t->n_events == VD_TAKE_EVENTS_MAX)
        return vd_err_set(err, VD_EAGAIN, "clip: over %d happenings share it",
                          VD_TAKE_EVENTS_MAX);
    if (t->n_events < t->events_room)
        return 0;
    more = realloc(t->events, (size_t)room * sizeof *more);
    if (more == NULL)
        return vd_err_set(err, VD_ENOMEM, "clip: out of memory");
    t->events = more;
    t->events_room = room;
    return 0;
}

/* Sets the reader on the key frame before the pre-roll. Where the stream is gone, the happening
 * is its end. */
static void start(struct vd_take *t, int64_t start_us)
{
    struct vd_ring_facts facts;

    vd_ring_facts(t->ring, &facts);
    if (t->is_broken && facts.to_us != 0)
        start_us = facts.to_us;
    t->is_on = true;
    t->from_us = start_us - t->settings.pre_us;
    t->at = vd_ring_seek(t->ring, t->from_us);
    if (t->at == 0)
        t->at = facts.next;
    t->end = t->is_broken ? facts.next : 0;
    vd_ring_pin(t->ring, t->at);
}

int vd_take_begin(struct vd_take *t, const struct vd_event *ev, int64_t start_us,
                  int64_t now_us, struct vd_err *err)
{
    bool is_followed = ev->kind == VD_KIND_MOTION;
    int rc;

    if (!t->is_on)
        t->n_events = 0;
    rc = make_room(t, err);
    if (rc < 0)
        return rc;
    if (!t->is_on)
        start(t, start_us);
    else if (!t->is_broken)
        t->end = 0; /* of a session before, not yet read to its end: it goes on into this one */
    t->events[t->n_events++] = (struct vd_take_event){
        .last = *ev,
        .start_us = start_us,
        .until_us = is_followed ? INT64_MAX : now_us + t->settings.post_us,
        .is_fresh = true};
    return 0;
}

void vd_take_end(struct vd_take *t, const struct vd_uuid *event, int64_t now_us)
{
    struct vd_take_event *e = t->is_on ? find(t, event) : NULL;

    if (e != NULL && e->until_us == INT64_MAX)
        e->until_us = now_us + t->settings.post_us;
}

void vd_take_forget(struct vd_take *t, const struct vd_uuid *event)
{
    struct vd_take_event *e = t->is_on ? find(t, event) : NULL;

    if (e == NULL)
        return;
    t->n_events--;
    memmove(e, e + 1, (size_t)(&t->events[t->n_events] - e) * sizeof *e);
}

void vd_take_heard(struct vd_take *t, const struct vd_event *message)
{
    struct vd_take_event *e = t->is_on ? find(t, &message->event) : NULL;

    if (e == NULL)
        return;
    e->last = *message;
    e->is_fresh = true;
}

struct vd_take_event *vd_take_done(struct vd_take *t, int *ret_n)
{
    struct vd_take_event *events = t->events;

    *ret_n = t->n_events;
    t->events = NULL;
    t->n_events = t->events_room = 0;
    return events;
}

static int64_t until(const struct vd_take *t)
{
    int64_t until_us = 0;

    for (int i = 0; i < t->n_events; i++)
        if (t->events[i].until_us > until_us)
            until_us = t->events[i].until_us;
    return until_us;
}

static int over(struct vd_take *t)
{
    t->is_on = false;
    vd_ring_pin(t->ring, 0);
    return VD_EEOF;
}

int vd_take_next(struct vd_take *t, int64_t now_us, struct vd_packet *ret_packet,
                 uint64_t *ret_lost, struct vd_err *err)
{
    int64_t until_us = until(t);
    uint64_t from = t->at;
    int rc;

    *ret_lost = 0;
    if (!t->is_on || (t->end != 0 && t->at >= t->end))
        return over(t);
    rc = vd_ring_take(t->ring, &t->at, ret_packet, ret_lost, err);
    if (rc == 0)
        return until_us != INT64_MAX && now_us > until_us + SILENCE_US ? over(t) : 0;
    if (rc < 0)
        return rc;
    if (ret_packet->mono_us > until_us || (t->end != 0 && t->at > t->end)) {
        vd_packet_unref(ret_packet);
        *ret_lost = 0;
        t->at = from;
        return over(t);
    }
    vd_ring_pin(t->ring, t->at);
    return 1;
}
