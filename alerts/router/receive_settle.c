/* What goes out: acknowledgements, the feed in order of position, heartbeats. */
#include <stdlib.h>
#include <string.h>

#include "alerts/router/receive_priv.h"

enum { BEAT_MAX = 48 * 1024 };

void receiver_tell(struct vd_receiver *r, const struct vd_source *s, char verb, uint64_t number,
                   const char *json, size_t len)
{
    uint8_t bytes[8];
    struct vd_part parts[5] = {{s->peer, s->peer_len},
                               {s->name, strlen(s->name)},
                               {&verb, 1},
                               {bytes, sizeof bytes},
                               {json, len}};

    if (s->peer_len == 0 || r->events == NULL)
        return;
    vd_be64_put(bytes, number);
    (void)vd_sock_send(r->events, parts, json != NULL ? 5 : 4, NULL);
}

/* ---- after the writer ---- */

static void publish(struct vd_receiver *r, const struct vd_batch *b)
{
    uint8_t position[8];

    for (int i = 0; i < b->n_rows && r->feed != NULL; i++) {
        const struct vd_pg_feed_row *row = &b->rows[i];
        struct vd_part parts[3] = {{row->topic, strlen(row->topic)},
                                   {position, sizeof position},
                                   {row->body, row->body_len}};

        if (row->position <= r->published)
            continue;
        vd_be64_put(position, (uint64_t)row->position);
        (void)vd_sock_send(r->feed, parts, 3, NULL);
        r->published = row->position;
        vd_metric_add(&vd_receiver_metrics[METRIC_PUBLISHED], 1);
    }
}

static void settle_source(struct vd_receiver *r, const struct vd_batch_source *in)
{
    struct vd_source *s = r->sources.slots[in->slot];

    if (strcmp(s->name, in->name) != 0)
        return; /* the slot serves another by now */
    s->is_asked = false;
    if (in->id == 0)
        return; /* it came back unwritten */
    s->id = in->id;
    if (in->is_looked_up || in->last > 0) {
        uint64_t before = s->seq.committed;

        vd_sequence_commit(&s->seq, in->last);
        if (in->is_out_of_step) {
            vd_sequence_rewind(&s->seq, in->last);
            receiver_tell(r, s, 'E', s->seq.committed + 1, NULL, 0);
        } else if (s->seq.committed > before && !s->wants_welcome) {
            receiver_tell(r, s, 'A', s->seq.committed, NULL, 0);
            vd_metric_add(&vd_receiver_metrics[METRIC_ACKS], 1);
        }
    }
    if (s->wants_welcome && s->seq.is_known) {
        s->wants_welcome = false;
        receiver_tell(r, s, 'W', s->seq.committed, NULL, 0);
    }
}

void receiver_settle(struct vd_receiver *r)
{
    struct vd_batch *b;

    while ((b = vd_exchange_taken(r->opts.exchange)) != NULL) {
        /* Acknowledgements first: producers wait for them, readers only look. */
        for (int i = 0; i < b->n_sources; i++)
            settle_source(r, &b->sources[i]);
        publish(r, b);
        vd_exchange_recycle(r->opts.exchange, b);
    }
}

/* ---- heartbeats ---- */

static struct vd_json *beat_json(const struct vd_receiver *r)
{
    const struct vd_writer_state *w = &r->writer;
    struct vd_json *o = vd_json_object();

    if (vd_json_set(o, "router", vd_json_text(r->epoch)) < 0 ||
        vd_json_set(o, "committing", vd_json_bool(w->is_committing)) < 0 ||
        vd_json_set(o, "since", vd_json_time(w->since_us)) < 0)
        vd_json_free(&o);
    return o;
}

static void beat_producers(struct vd_receiver *r, int64_t now_us)
{
    static const int64_t HEARD_US = 10000000;
    struct vd_json *o = beat_json(r);
    char text[256];
    int len = vd_json_print(o, text, sizeof text, NULL);

    vd_json_free(&o);
    for (int i = 0; len > 0 && i < r->sources.n; i++) {
        const struct vd_source *s = r->sources.slots[i];

        if (now_us - s->heard_us < HEARD_US)
            receiver_tell(r, s, 'H', s->seq.committed, text, (size_t)len);
    }
}

static void beat_feed(struct vd_receiver *r, const struct vd_waiting *w, int64_t now_us)
{
    struct vd_json *o = beat_json(r);
    uint8_t position[8];
    size_t len = 0;
    char *text = NULL;

    if (o != NULL && vd_json_set(o, "waiting", vd_json_int(w->n)) == 0 &&
        vd_json_set(o, "oldest", vd_json_time(w->oldest_us)) == 0 &&
        vd_json_set(o, "sources", vd_sources_json(&r->sources, now_us)) == 0)
        text = vd_json_dump(o, &len);
    vd_json_free(&o);
    if (text != NULL && r->feed != NULL && len < BEAT_MAX) {
        struct vd_part parts[3] = {{"heartbeat/", 10}, {position, 8}, {text, len}};

        vd_be64_put(position, (uint64_t)r->published);
        (void)vd_sock_send(r->feed, parts, 3, NULL);
    }
    free(text);
}

void receiver_beat(struct vd_receiver *r)
{
    int64_t now_us = receiver_mono(r);
    struct vd_waiting w;

    if (now_us < r->heartbeat_us)
        return;
    r->heartbeat_us = now_us + r->cfg->bus.heartbeat_us;
    w = vd_sources_waiting(&r->sources, now_us);
    vd_exchange_set_late(r->opts.exchange, w.late_us);
    vd_metric_set(&vd_receiver_metrics[METRIC_WAITING], w.n);
    vd_metric_set(&vd_receiver_metrics[METRIC_OLDEST],
                  w.oldest_us != 0 ? (receiver_wall(r) - w.oldest_us) / 1000 : 0);
    vd_metric_set(&vd_receiver_metrics[METRIC_SOURCES], r->sources.n);
    if (r->events == NULL)
        return;
    beat_producers(r, now_us);
    beat_feed(r, &w, now_us);
}
