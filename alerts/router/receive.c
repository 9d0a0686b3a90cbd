/* The loop of the receiving thread, and what comes in. */
#include "alerts/router/receive.h"

#include <stdlib.h>
#include <string.h>

#include "alerts/router/receive_priv.h"
#include "base/str.h"
#include "base/thread.h"

enum {
    TURN_MAX = 512,   /* messages taken before looking at anything else */
    FEED_HWM = 50000, /* messages a slow subscriber may be behind before it sees a gap */
    EVENTS_HWM = 1000,
    MESSAGE_BYTES = 65536,
};

/* ---- batches ---- */

struct vd_batch *receiver_current(struct vd_receiver *r)
{
    if (r->current == NULL)
        r->current = vd_exchange_fresh(r->opts.exchange);
    return r->current;
}

void receiver_flush(struct vd_receiver *r)
{
    struct vd_batch *b = r->current;
    bool is_old;

    if (b == NULL || vd_batch_is_empty(b))
        return;
    if (b->begun_us == 0)
        b->begun_us = receiver_mono(r);
    is_old = receiver_mono(r) - b->begun_us >= r->cfg->router.batch_wait_us;
    if (b->n_items < b->items_max && !vd_exchange_is_idle(r->opts.exchange) &&
        (!is_old || vd_exchange_is_queued(r->opts.exchange)))
        return;
    r->current = NULL;
    vd_exchange_put(r->opts.exchange, b);
}

/* Asks the writer for the last number of a source. */
static void look_up(struct vd_receiver *r, struct vd_source *s)
{
    struct vd_batch *b = s->is_asked ? NULL : receiver_current(r);

    if (b != NULL && vd_batch_source(b, vd_sources_slot(&r->sources, s), s->name, 0) >= 0)
        s->is_asked = true;
}

/* ---- messages ---- */

static void take_hello(struct vd_receiver *r, struct vd_source *s, const struct vd_part *body)
{
    struct vd_json *doc = NULL;

    vd_metric_add(&vd_receiver_metrics[METRIC_HELLOS], 1);
    if (vd_json_parse(&doc, body->data, body->len, NULL) == 0)
        receiver_take_status(r, s, doc);
    vd_json_free(&doc);
    if (s->seq.is_known) {
        receiver_tell(r, s, 'W', s->seq.committed, NULL, 0);
        return;
    }
    s->wants_welcome = true;
    look_up(r, s);
}

void receiver_take_event(struct vd_receiver *r, struct vd_source *s, uint64_t number,
                         const struct vd_part *body)
{
    struct vd_batch *b = receiver_current(r);
    int i =
        b == NULL ? -1 : vd_batch_source(b, vd_sources_slot(&r->sources, s), s->name, s->id);

    if (i < 0)
        return; /* no room: not taken, so it comes again */
    if (b->begun_us == 0)
        b->begun_us = receiver_mono(r);
    if (vd_batch_add(b, i, number, body->data, body->len, receiver_wall(r),
                     r->cfg->router.time_suspect_us) < 0)
        return;
    vd_sequence_take(&s->seq, number);
    vd_metric_add(&vd_receiver_metrics[METRIC_RECEIVED], 1);
}

static bool has_room(struct vd_receiver *r)
{
    const struct vd_batch *b = receiver_current(r);

    return b != NULL && b->n_items < b->items_max;
}

/* Without its database the router goes on listening, to hear how much waits; what it has no
 * room for it asks for again when there is some. */
static void ask_again(struct vd_receiver *r)
{
    if (!r->writer.is_committing || !has_room(r))
        return;
    for (int i = 0; i < r->sources.n; i++) {
        struct vd_source *s = r->sources.slots[i];

        if (s->is_behind && s->seq.is_known)
            receiver_tell(r, s, 'E', s->seq.taken + 1, NULL, 0);
        s->is_behind = s->is_behind && !s->seq.is_known;
    }
}

static void take_message(struct vd_receiver *r, struct vd_source *s, uint64_t number,
                         const struct vd_part *body)
{
    if (!has_room(r)) {
        s->is_behind = true;
        vd_metric_add(&vd_receiver_metrics[METRIC_DROPPED], 1);
        return;
    }
    switch (vd_sequence_offer(&s->seq, number, receiver_mono(r))) {
    case VD_SEQUENCE_TAKE:
        receiver_take_event(r, s, number, body);
        break;
    case VD_SEQUENCE_AGAIN:
        receiver_tell(r, s, 'A', s->seq.committed, NULL, 0);
        vd_metric_add(&vd_receiver_metrics[METRIC_REPEATED], 1);
        break;
    case VD_SEQUENCE_WAIT:
        vd_metric_add(&vd_receiver_metrics[METRIC_REPEATED], 1);
        break;
    case VD_SEQUENCE_EXPECT:
        receiver_tell(r, s, 'E', s->seq.taken + 1, NULL, 0);
        vd_metric_add(&vd_receiver_metrics[METRIC_GAPS], 1);
        break;
    case VD_SEQUENCE_HUSH:
        vd_metric_add(&vd_receiver_metrics[METRIC_GAPS], 1);
        break;
    case VD_SEQUENCE_UNKNOWN:
        s->wants_welcome = true;
        look_up(r, s);
        vd_metric_add(&vd_receiver_metrics[METRIC_UNKNOWN], 1);
        break;
    }
}

/* Over tcp:// a key speaks for its node alone. */
static bool is_theirs(struct vd_receiver *r, const struct vd_part *source)
{
    char name[VD_SOURCE_MAX + 1];
    const char *user;
    uint32_t repeats;

    if (r->opts.events_keys == NULL)
        return true;
    user = vd_sock_user(r->events);
    if (source->len <= VD_SOURCE_MAX) {
        memcpy(name, source->data, source->len);
        name[source->len] = '\0';
        if (vd_wire_owns(r->cfg, user, name))
            return true;
    }
    vd_metric_add(&vd_receiver_metrics[METRIC_NOT_THEIRS], 1);
    if (vd_log_gate(&r->gate, METRIC_NOT_THEIRS, receiver_mono(r), &repeats))
        LOG_WARN("bus.not-theirs",
                 "client=%s reason=\"it hands in events of a source that is not of its node\" "
                 "repeats=%u",
                 user, repeats);
    return false;
}

/* [peer][source][number][JSON] */
void receiver_take(struct vd_receiver *r, const struct vd_part *parts, int n)
{
    struct vd_source *s;
    uint64_t number;

    if (n == 4 && !is_theirs(r, &parts[1]))
        return;
    if (n != 4 || parts[0].len > VD_PEER_MAX || !vd_be64_take(&parts[2], &number) ||
        number > INT64_MAX ||
        (s = vd_sources_get(&r->sources, parts[1].data, parts[1].len, receiver_mono(r))) ==
            NULL ||
        s->is_own) {
        vd_metric_add(&vd_receiver_metrics[METRIC_MALFORMED], 1);
        return;
    }
    memcpy(s->peer, parts[0].data, parts[0].len);
    s->peer_len = parts[0].len;
    if (number == 0)
        take_hello(r, s, &parts[3]);
    else
        take_message(r, s, number, &parts[3]);
}

/* ---- active or not ---- */

static void close_sockets(struct vd_receiver *r)
{
    vd_sock_close(&r->events);
    vd_sock_close(&r->feed);
}

static int open_sockets(struct vd_receiver *r)
{
    struct vd_sock_opts events = {.type = VD_SOCK_ROUTER,
                                  .endpoint = r->opts.events,
                                  .is_bound = true,
                                  .send_hwm = EVENTS_HWM,
                                  .recv_hwm = EVENTS_HWM,
                                  .message_bytes = MESSAGE_BYTES,
                                  .keys = r->opts.events_keys,
                                  .zap = r->opts.zap,
                                  .realm = vd_zap_realm_name(VD_ZAP_EVENTS),
                                  .users = r->opts.producers,
                                  .n_users = r->opts.n_producers};
    struct vd_sock_opts feed = {.type = VD_SOCK_XPUB,
                                .endpoint = r->opts.feed,
                                .is_bound = true,
                                .send_hwm = FEED_HWM,
                                .keys = r->opts.feed_keys,
                                .zap = r->opts.zap,
                                .realm = vd_zap_realm_name(VD_ZAP_FEED),
                                .linger_ms = 200};
    struct vd_err err = {0};
    uint32_t repeats;
    int rc = vd_sock_open(&r->events, r->opts.bus, &events, &err);

    if (rc == 0)
        rc = vd_sock_open(&r->feed, r->opts.bus, &feed, &err);
    if (rc == 0)
        return 0;
    close_sockets(r);
    if (vd_log_gate(&r->gate, (uint32_t)rc, receiver_mono(r), &repeats))
        LOG_ERROR("router.bind", "reason=\"%s\" repeats=%u", err.msg, repeats);
    return rc;
}

/* From here on everything that was in flight before is unknown to us. */
static void become_active(struct vd_receiver *r)
{
    struct vd_uuid epoch = vd_uuid_make(receiver_wall(r));

    vd_sources_forget_numbers(&r->sources);
    receiver_forget_cameras(r);
    if (r->current != NULL)
        vd_exchange_recycle(r->opts.exchange, r->current);
    r->current = NULL;
    vd_uuid_format(&epoch, r->epoch);
    vd_node_begin(&r->node, receiver_wall(r));
    r->own =
        vd_sources_get(&r->sources, r->node.source, strlen(r->node.source), receiver_mono(r));
    if (r->own != NULL) {
        r->own->is_own = true;
        r->own->seq.is_known = true;
    }
    r->published = r->writer.position;
    r->activations = r->writer.activations;
    r->heartbeat_us = 0;
}

static void follow_writer(struct vd_receiver *r)
{
    bool was_committing = r->writer.is_committing;
    int n_leftovers = r->writer.n_leftovers;

    vd_exchange_state(r->opts.exchange, &r->writer);
    if (!r->writer.is_active) {
        close_sockets(r);
        return;
    }
    if (r->writer.activations != r->activations)
        become_active(r);
    else
        r->writer.n_leftovers = n_leftovers; /* those of this activation were taken over once */
    if (r->events == NULL && open_sockets(r) < 0)
        return;
    if (was_committing != r->writer.is_committing) {
        r->heartbeat_us = 0; /* people want to know at once */
        receiver_forget_cameras(r);
    }
}

static void follow_config(struct vd_receiver *r)
{
    struct vd_config *next;

    pthread_mutex_lock(&r->lock);
    next = r->next_cfg;
    r->next_cfg = NULL;
    pthread_mutex_unlock(&r->lock);
    if (next == NULL)
        return;
    if (r->opts.zap != NULL && !vd_wire_same(r->cfg, next))
        close_sockets(r); /* whoever may still come in comes in again; nothing is lost by it */
    vd_config_unref(&r->cfg);
    r->cfg = next;
    receiver_forget_cameras(r); /* areas may be others */
}

/* ---- the loop ---- */

/* A writer that is merely slow is waited for: what is not read pushes back. */
static bool can_read(struct vd_receiver *r)
{
    return r->events != NULL && (has_room(r) || !r->writer.is_committing);
}

static void read_events(struct vd_receiver *r)
{
    struct vd_part parts[VD_BUS_PARTS_MAX];

    for (int i = 0; i < TURN_MAX && can_read(r); i++) {
        int n = vd_sock_recv(r->events, parts, NULL);

        if (n > 0)
            receiver_take(r, parts, n);
        else if (n != VD_EPROTO)
            break;
    }
}

/* Subscriptions come up as messages; they are of no interest. */
static void read_feed(struct vd_receiver *r)
{
    struct vd_part parts[VD_BUS_PARTS_MAX];

    for (int i = 0; i < TURN_MAX && r->feed != NULL; i++)
        if (vd_sock_recv(r->feed, parts, NULL) == VD_EAGAIN)
            break;
}

static int64_t wait_us(struct vd_receiver *r)
{
    int64_t now_us = receiver_mono(r), until_us = now_us + 1000000;

    if (r->heartbeat_us < until_us)
        until_us = r->heartbeat_us;
    if (r->current != NULL && r->current->begun_us != 0 &&
        r->current->begun_us + r->cfg->router.batch_wait_us < until_us)
        until_us = r->current->begun_us + r->cfg->router.batch_wait_us;
    return until_us > now_us ? until_us - now_us : 0;
}

static void wait_for_work(struct vd_receiver *r)
{
    struct vd_poll items[4] = {{.fd = r->opts.stop->fd},
                               {.fd = vd_exchange_receiver_fd(r->opts.exchange)}};
    size_t n = 2;

    if (can_read(r))
        items[n++] = (struct vd_poll){.sock = r->events};
    else if (r->events != NULL)
        vd_metric_add(&vd_receiver_metrics[METRIC_STALLS], 1);
    if (r->feed != NULL)
        items[n++] = (struct vd_poll){.sock = r->feed};
    (void)vd_bus_poll(items, n, wait_us(r));
    vd_exchange_drain(vd_exchange_receiver_fd(r->opts.exchange));
}

static void *run(void *arg)
{
    struct vd_receiver *r = arg;

    while (!vd_stop_requested(r->opts.stop)) {
        follow_config(r);
        follow_writer(r);
        receiver_settle(r);
        if (r->events != NULL) {
            ask_again(r);
            receiver_take_own(r);
            read_events(r);
            read_feed(r);
            receiver_flush(r);
        }
        receiver_beat(r);
        wait_for_work(r);
    }
    receiver_settle(r); /* what the writer just finished is still acknowledged */
    close_sockets(r);
    return NULL;
}

static void receiver_free(struct vd_receiver **receiver)
{
    struct vd_receiver *r = *receiver;

    if (r->current != NULL)
        vd_exchange_recycle(r->opts.exchange, r->current);
    receiver_forget_cameras(r);
    vd_sources_fini(&r->sources);
    vd_config_unref(&r->cfg);
    vd_config_unref(&r->next_cfg);
    pthread_mutex_destroy(&r->lock);
    free(r);
    *receiver = NULL;
}

int vd_receiver_start(struct vd_receiver **ret_receiver, const struct vd_receiver_opts *opts,
                      struct vd_err *err)
{
    struct vd_receiver *r = calloc(1, sizeof *r);
    int rc;

    if (r == NULL)
        return vd_err_set(err, VD_ENOMEM, "receiver: out of memory");
    r->opts = *opts;
    if (r->opts.clock == NULL)
        r->opts.clock = &vd_clock_system;
    r->cfg = vd_config_ref(opts->cfg);
    pthread_mutex_init(&r->lock, NULL);
    rc = vd_thread_start(&r->thread, "rx", run, r, err);
    if (rc < 0) {
        receiver_free(&r);
        return rc;
    }
    *ret_receiver = r;
    return 0;
}

void vd_receiver_join(struct vd_receiver **receiver)
{
    if (*receiver == NULL)
        return;
    pthread_join((*receiver)->thread, NULL);
    receiver_free(receiver);
}

void vd_receiver_reload(struct vd_receiver *receiver, struct vd_config *cfg)
{
    pthread_mutex_lock(&receiver->lock);
    vd_config_unref(&receiver->next_cfg);
    receiver->next_cfg = vd_config_ref(cfg);
    pthread_mutex_unlock(&receiver->lock);
}

void vd_receiver_say(struct vd_receiver *receiver, enum vd_node_cause cause, const char *detail)
{
    pthread_mutex_lock(&receiver->lock);
    receiver->says[cause].is_new = true;
    receiver->says[cause].is_over = detail == NULL;
    (void)vd_str_copy(receiver->says[cause].detail, sizeof receiver->says[cause].detail,
                      detail != NULL ? detail : "");
    pthread_mutex_unlock(&receiver->lock);
}
